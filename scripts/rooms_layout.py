"""Places boxes in layers with few line crossings: Sugiyama's method, in a deterministic form.

A line that crosses a layer has a narrow place in it. Boxes of a layer are ordered by the average
position of their neighbours, in alternating sweeps down and up; the best order found is used. Then
boxes move towards their neighbours as far as the order and the gaps allow.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import fsum

_GAP = 22.0
_LINE_WIDTH = 8.0
_SWEEPS = 60


@dataclass(frozen=True)
class Node:
    """A box, or the place of a line in a layer that it crosses."""

    name: str
    width: float


@dataclass(frozen=True)
class Place:
    """The place of a box: its layer, its centre from the left, and its width."""

    row: int
    x: float
    width: float


@dataclass(frozen=True)
class Layout:
    """The places of the boxes, and the lines as points: a layer and a distance from the left."""

    places: dict[str, Place]
    lines: list[list[tuple[int, float]]]
    width: float


def essential(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the transitive reduction of the imports."""
    reached: dict[str, set[str]] = {}

    def reach(room: str) -> set[str]:
        if room not in reached:
            reached[room] = set(imports[room]).union(*(reach(each) for each in imports[room]))
        return reached[room]

    return {
        room: {
            each
            for each in others
            if not any(each in reach(other) for other in others if other != each)
        }
        for room, others in imports.items()
    }


def arrange(layers: Sequence[Sequence[Node]], arrows: Mapping[str, set[str]]) -> Layout:
    """Place boxes in the given layers, top first; all arrows point down."""
    rows = [list(layer) for layer in layers]
    names = {node.name for row in rows for node in row}
    chains = _chains(rows, arrows)
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for upper, lower in pairwise(chain):
            below[upper].append(lower)
            above[lower].append(upper)
    rows = _ordered(rows, above, below)
    places = _placed(rows, above, below)
    boxes = {name: place for name, place in places.items() if name in names}
    width = max(place.x + place.width / 2 for place in places.values())
    return Layout(boxes, _lines(chains, places, boxes), width)


def _chains(rows: list[list[Node]], arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Return each line as names, and add its places to the rows that it crosses."""
    row_of = {node.name: number for number, row in enumerate(rows) for node in row}
    chains = []
    for start in sorted(arrows):
        for end in sorted(arrows[start]):
            passed = range(row_of[start] + 1, row_of[end])
            between = [f"{start} > {end} @ {row}" for row in passed]
            for row, name in zip(passed, between, strict=True):
                rows[row].append(Node(name, _LINE_WIDTH))
            chains.append([start, *between, end])
    return chains


def _ordered(
    rows: list[list[Node]], above: Mapping[str, list[str]], below: Mapping[str, list[str]]
) -> list[list[Node]]:
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(_SWEEPS):
        goes_down = sweep % 2 == 0
        neighbours = above if goes_down else below
        for number in range(len(rows)) if goes_down else reversed(range(len(rows))):
            _sort(rows, number, neighbours)
        if (crossings := _crossings(rows, below)) < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _sort(rows: list[list[Node]], number: int, neighbours: Mapping[str, list[str]]) -> None:
    position = {
        node.name: (place + 0.5) / len(row) for row in rows for place, node in enumerate(row)
    }

    def middle(node: Node) -> float:
        near = [position[each] for each in neighbours.get(node.name, ())]
        return fsum(near) / len(near) if near else position[node.name]

    rows[number].sort(key=middle)


def _crossings(rows: list[list[Node]], below: Mapping[str, list[str]]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        place = {node.name: number for number, node in enumerate(lower)}
        ends = [
            (number, place[end])
            for number, node in enumerate(upper)
            for end in below.get(node.name, ())
        ]
        total += sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in combinations(ends, 2))
    return total


def _placed(
    rows: list[list[Node]], above: Mapping[str, list[str]], below: Mapping[str, list[str]]
) -> dict[str, Place]:
    middles: dict[str, float] = {}
    for row in rows:
        x = 0.0
        for node in row:
            middles[node.name] = x + node.width / 2
            x += node.width + _GAP
        for node in row:
            middles[node.name] -= x / 2
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = []
            for node in row:
                near = [middles[each] for each in (*above[node.name], *below[node.name])]
                wanted.append(fsum(near) / len(near) if near else middles[node.name])
            middles |= _without_overlap(row, wanted)
    left = min(middles[node.name] - node.width / 2 for row in rows for node in row)
    return {
        node.name: Place(number, middles[node.name] - left, node.width)
        for number, row in enumerate(rows)
        for node in row
    }


def _without_overlap(row: list[Node], wanted: list[float]) -> dict[str, float]:
    """Return the places nearest to the wanted ones that keep the order and the gaps.

    Minus the widths to their left, places must not decrease: isotonic regression by pooling.
    """
    offsets, offset = [], 0.0
    for number, node in enumerate(row):
        if number:
            offset += (row[number - 1].width + node.width) / 2 + _GAP
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for place, left in zip(wanted, offsets, strict=True):
        pools.append((place - left, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (value, count), (before, size) = pools.pop(), pools.pop()
            pools.append(((value * count + before * size) / (count + size), count + size))
    values = [value for value, count in pools for _ in range(count)]
    return {node.name: value + left for node, value, left in zip(row, values, offsets, strict=True)}


def _lines(
    chains: list[list[str]], places: Mapping[str, Place], boxes: Mapping[str, Place]
) -> list[list[tuple[int, float]]]:
    """Return the lines; the lines of a box start and end side by side."""
    lines = [[(places[name].row, places[name].x) for name in chain] for chain in chains]
    for name, place in boxes.items():
        for tip, near in ((0, 1), (-1, -2)):
            ordered = sorted(
                (lines[number][near][1], number)
                for number, chain in enumerate(chains)
                if chain[tip] == name
            )
            step = min(16.0, (place.width - 16) / max(len(ordered), 1))
            for index, (_, number) in enumerate(ordered):
                shift = (index - (len(ordered) - 1) / 2) * step
                lines[number][tip] = (place.row, place.x + shift)
    return lines
