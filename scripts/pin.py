"""Updates the pins: resolves all dependencies and writes their versions into pyproject.toml.

`uv.lock` is not in the repository, because it contains the hosts of the registry in use; the exact
versions are in `[tool.uv] constraint-dependencies` instead.
"""

import argparse
import re
import subprocess
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_PINS = re.compile(r"^constraint-dependencies = \[.*?^\]\n", re.MULTILINE | re.DOTALL)
_EXPORT = (
    "uv export --quiet --all-groups --no-emit-project --no-hashes --no-header --no-annotate"
).split()


def resolve() -> list[str]:
    """Return every resolved package as a requirement of an exact version."""
    subprocess.run(["uv", "lock", "--quiet", "--upgrade"], check=True, cwd=_PROJECT.parent)
    exported = subprocess.run(_EXPORT, check=True, cwd=_PROJECT.parent, capture_output=True)
    return sorted(line for line in exported.stdout.decode().splitlines() if "==" in line)


def write(pins: list[str]) -> None:
    """Replace the pins in pyproject.toml."""
    lines = "".join(f"    {_quoted(pin)},\n" for pin in pins)
    text = _without_pins()
    section = "[tool.uv]\n"
    start = text.index(section) + len(section)
    pinned = f"{text[:start]}constraint-dependencies = [\n{lines}]\n{text[start:]}"
    _PROJECT.write_text(pinned, encoding="utf-8")


def _without_pins() -> str:
    return _PINS.sub("", _PROJECT.read_text(encoding="utf-8"))


def _quoted(pin: str) -> str:
    return '"' + pin.replace('"', "'") + '"'


def main() -> None:
    """Resolve the newest versions, write them and check that they are compatible."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    before = _PROJECT.read_text(encoding="utf-8")
    _PROJECT.write_text(_without_pins(), encoding="utf-8")
    try:
        pins = resolve()
    except subprocess.CalledProcessError:
        _PROJECT.write_text(before, encoding="utf-8")
        raise
    write(pins)
    subprocess.run(["uv", "lock", "--quiet"], check=True, cwd=_PROJECT.parent)
    print(f"{len(pins)} packages pinned")


if __name__ == "__main__":
    main()
