"""Draws docs/images/rooms.svg: the packages of `app/` in their layers, and their imports.

The packages ("rooms") and arrows come from the imports, the layers from import-linter's contract
in pyproject.toml. Transitive imports are left out: if services import the cache and the cache
imports settings, there is no arrow from services to settings.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import grimp

from scripts.rooms_layout import Layout, Node, arrange, essential

_ROOT = Path(__file__).resolve().parent.parent
_PICTURE = _ROOT / "docs/images/rooms.svg"
_PACKAGE = "app"
_ROW_HEIGHT, _BOX_HEIGHT, _MARGIN = 68, 38, 24
_LETTER_WIDTH, _SMALL_LETTER_WIDTH, _PADDING = 7.6, 5.6, 14
_STYLE = """
    svg { background: #ffffff; font-family: ui-sans-serif, system-ui, 'Segoe UI', sans-serif; }
    .band { fill: #f6f7f9; }
    .room { fill: #ffffff; stroke: #98a2b3; stroke-width: 1.2; }
    .folder { fill: #e8f0fe; stroke: #3b6fd4; }
    .name { fill: #1d2433; font-size: 13px; font-weight: 600; text-anchor: middle; }
    .uses { fill: #5b6678; font-size: 10px; text-anchor: middle; }
    .arrow { fill: none; stroke: #7a8699; stroke-width: 1.1; opacity: 0.75; }
    .head { fill: #7a8699; }
    @media (prefers-color-scheme: dark) {
      svg { background: #0d1117; }
      .band { fill: #131922; }
      .room { fill: #0d1117; stroke: #5b6678; }
      .folder { fill: #14233f; stroke: #6f9bee; }
      .name { fill: #e6eaf0; }
      .uses { fill: #9aa5b5; }
      .arrow { stroke: #8b97a8; }
      .head { fill: #8b97a8; }
    }
"""


@dataclass
class House:
    """The rooms by layer, highest first, with their imports and their libraries."""

    layers: list[list[str]]
    imports: dict[str, set[str]] = field(default_factory=dict)
    libraries: dict[str, list[str]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)


def read_house(root: Path = _ROOT) -> House:
    """Read the contracts and the imports.

    Raises:
        SystemExit: a room is in no layer.
    """
    contracts = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers, shown = _layers(contracts["contracts"]), _libraries(contracts["contracts"])
    graph = grimp.build_graph(_PACKAGE, include_external_packages=True)
    rooms = {name.split(".")[1] for name in graph.find_children(_PACKAGE)}
    if homeless := sorted(rooms - {room for layer in layers for room in layer}):
        sys.exit(f"pyproject.toml: no layer of the contract contains {', '.join(homeless)}")
    house = House([[room for room in layer if room in rooms] for layer in layers])
    house.layers = [layer for layer in house.layers if layer]
    house.folders = {room for room in rooms if graph.find_children(f"{_PACKAGE}.{room}")}
    house.imports = {room: set() for room in rooms}
    known: dict[str, set[str]] = {room: set() for room in rooms}
    for module in graph.modules:
        if not module.startswith(f"{_PACKAGE}."):
            continue
        room = module.split(".")[1]
        for imported in graph.find_modules_directly_imported_by(module):
            if imported.startswith(f"{_PACKAGE}."):
                house.imports[room].add(imported.split(".")[1])
            elif imported in shown:
                known[room].add(imported)
    house.libraries = {room: sorted(names) for room, names in known.items()}
    for room, others in house.imports.items():
        others.discard(room)
    return house


def _layers(contracts: list[dict[str, Any]]) -> list[list[str]]:
    """Return the layers of rooms, by full names or by names inside the package."""
    contract = next(
        each
        for each in contracts
        if each["type"] == "layers" and each.get("containers", [_PACKAGE]) == [_PACKAGE]
    )
    return [
        [
            room.strip(" ()").removeprefix(f"{_PACKAGE}.")
            for room in layer.replace(":", "|").split("|")
        ]
        for layer in contract["layers"]
    ]


def _libraries(contracts: list[dict[str, Any]]) -> set[str]:
    """Return the libraries that the contracts forbid to some rooms."""
    return {
        name
        for contract in contracts
        if contract["type"] == "forbidden"
        for name in contract["forbidden_modules"]
        if not name.startswith(_PACKAGE) and name != "main"
    }


def draw(house: House) -> str:
    """Return the picture as SVG."""
    nodes = [
        [Node(room, _width(room, house.libraries[room])) for room in sorted(layer)]
        for layer in house.layers
    ]
    layout = arrange(nodes, essential(house.imports))
    width = round(layout.width + 2 * _MARGIN)
    height = _ROW_HEIGHT * len(house.layers) - (_ROW_HEIGHT - _BOX_HEIGHT) + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        "  <title>The rooms of app/ and their imports, which point down only</title>",
        f"  <style>{_STYLE}  </style>",
        '  <defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="head" d="M0 0.8 L8 4 L0 7.2 z"/></marker>'
        "</defs>",
        *(_band(row, width) for row in range(0, len(house.layers), 2)),
        *_arrows(layout),
        *(part for room in sorted(house.imports) for part in _box(room, house, layout)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _width(room: str, libraries: list[str]) -> float:
    words = _SMALL_LETTER_WIDTH * len(", ".join(libraries))
    return max(_LETTER_WIDTH * len(room), words) + 2 * _PADDING


def _top(row: int) -> int:
    return _MARGIN + row * _ROW_HEIGHT


def _band(row: int, width: int) -> str:
    top = _top(row) - (_ROW_HEIGHT - _BOX_HEIGHT) // 2
    return f'  <rect class="band" x="0" y="{top}" width="{width}" height="{_ROW_HEIGHT}"/>'


def _box(room: str, house: House, layout: Layout) -> Iterable[str]:
    place = layout.places[room]
    x, top, width = place.x + _MARGIN, _top(place.row), place.width
    kind = "room folder" if room in house.folders else "room"
    yield (
        f'  <rect class="{kind}" x="{x - width / 2:.1f}" y="{top}" width="{width:.1f}" '
        f'height="{_BOX_HEIGHT}" rx="6"/>'
    )
    libraries = ", ".join(house.libraries[room])
    name_at = top + (17 if libraries else 24)
    yield f'  <text class="name" x="{x:.1f}" y="{name_at}">{escape(room)}</text>'
    if libraries:
        yield f'  <text class="uses" x="{x:.1f}" y="{top + 31}">{escape(libraries)}</text>'


def _arrows(layout: Layout) -> Iterable[str]:
    for line in layout.lines:
        (row, x), *_ = line
        path = f"M{x + _MARGIN:.1f} {_top(row) + _BOX_HEIGHT}"
        for (upper, start), (lower, end) in pairwise(line):
            y, below = _top(upper) + _BOX_HEIGHT, _top(lower)
            middle = (y + below) / 2
            x, to = start + _MARGIN, end + _MARGIN
            path += f" C{x:.1f} {middle:.1f} {to:.1f} {middle:.1f} {to:.1f} {below}"
            if (lower, end) != line[-1]:
                path += f" V{below + _BOX_HEIGHT}"
        yield f'  <path class="arrow" marker-end="url(#head)" d="{path}"/>'


def main() -> None:
    """Write the picture, or check that the one in the repository is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="only check; exit with 1 if the picture is outdated"
    )
    is_check = parser.parse_args().check
    picture = draw(read_house())
    if not is_check:
        _PICTURE.write_text(picture, encoding="utf-8")
    elif not _PICTURE.is_file() or _PICTURE.read_text("utf-8") != picture:
        sys.exit(
            f"{_PICTURE.relative_to(_ROOT)} is outdated; draw it again: "
            "uv run --group lint python scripts/draw_rooms.py"
        )


if __name__ == "__main__":
    main()
