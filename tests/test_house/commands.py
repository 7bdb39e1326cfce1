"""Checks whether a command of a document is valid, without running it."""

import ast
import importlib
import re
import shlex
import tomllib
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from app.settings import Settings
from tests.support.processes import run
from tests.test_house.sources import ROOT

Words = list[str]
_COMPOSE = {"build", "down", "exec", "logs", "ps", "restart", "start", "stop", "up"}
_PYTEST = {"-v", "-k", "-q", "--cov", "--cov-report"}
# Read by a library, and not by the settings.
_OTHER_VARIABLES = {"OTEL_EXPORTER_OTLP_ENDPOINT"}


@cache
def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@cache
def _compose_file() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return content


def faults_of(command: str) -> list[str] | None:
    """Return the faults of a command, or None if commands of its kind are not known here."""
    words = shlex.split(command)
    if re.fullmatch(r"benchmarks(\.\w+)+", words[0]):
        words = ["python", "-m", *words]
    for start, check in _CHECKS.items():
        if words[: len(start)] == list(start):
            found = check(words[len(start) :])
            return None if found is None else [f"{command}: {each}" for each in found]
    return None


def _flags(words: Words) -> set[str]:
    return {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}


def _missing(paths: Words, root: Path = ROOT) -> list[str]:
    return [f"there is no {path}" for path in paths if not (root / path).exists()]


def _uv_run(words: Words) -> list[str] | None:
    if words[:1] == ["--group"]:
        return _groups(words[:2]) or faults_of(shlex.join(words[2:]))
    if words and words[0].endswith(".py"):
        return _script(words)
    return faults_of(shlex.join(words))


def _uv_sync(words: Words) -> list[str]:
    return _groups(words)


def _groups(words: Words) -> list[str]:
    known = {
        "--group": _project()["dependency-groups"],
        "--extra": _project()["project"]["optional-dependencies"],
    }
    pairs = zip(words[::2], words[1::2], strict=True)
    return [f"no {flag} {name}" for flag, name in pairs if name not in known[flag]]


def _lavka(words: Words) -> list[str]:
    """Check with the parser of `lavka` itself: `--help` ends it before any effect."""
    module, _, name = _project()["project"]["scripts"]["lavka"].partition(":")
    main = getattr(importlib.import_module(module), name)
    printed = StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            main([*words, "--help"])
        except SystemExit as end:
            if end.code != 0:
                return [printed.getvalue().splitlines()[-1]]
    return [f"it has no {flag}" for flag in _flags(words) if flag not in printed.getvalue()]


def _python(words: Words) -> list[str] | None:
    # Its standard input is not checked here.
    return None if words[:1] == ["-"] else _script(words)


def _script(words: Words) -> list[str]:
    if words[0] == "main.py":
        return [f"it has no {flag}" for flag in _flags(words) if flag not in _help_of_the_shop()]
    return _missing(words[:1]) or _unknown_flags(ROOT / words[0], words[1:])


@cache
def _help_of_the_shop() -> str:
    done = run(Settings(_env_file=None), ROOT, "main.py", "--help")
    done.check_returncode()
    return done.stdout


def _module(words: Words) -> list[str]:
    path = ROOT / words[0].replace(".", "/")
    program = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    if not program.is_file():
        return [f"there is no module {words[0]}"]
    if "__main__" not in program.name and '"__main__"' not in program.read_text("utf-8"):
        return [f"{words[0]} is not a program"]
    return _unknown_flags(program, words[1:])


def _unknown_flags(program: Path, words: Words) -> list[str]:
    known = {"--help", *_declared_flags(program)}
    return [f"{program.name} has no {flag}" for flag in sorted(_flags(words) - known)]


@cache
def _declared_flags(program: Path) -> frozenset[str]:
    """Return the flags that a program, or a shared module, adds to its parser."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(program.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and str(node.value).startswith("-"):
            found.add(str(node.value))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("benchmarks"):
            shared = ROOT / f"{str(node.module).replace('.', '/')}.py"
            found |= _declared_flags(shared) if shared.is_file() else set()
    return frozenset(found)


def _bash(words: Words) -> list[str]:
    if missing := _missing(words[:1]):
        return missing
    text = (ROOT / words[0]).read_text("utf-8")
    return [f"it has no {flag}" for flag in _flags(words[1:]) if flag not in text]


def _pytest(words: Words) -> list[str]:
    places = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if not word.startswith("-") and before != "-k"
    ]
    unknown = sorted(_flags(words) - _PYTEST)
    return _missing(places) + [f"no test runs it with {flag}" for flag in unknown]


def _taskiq(words: Words) -> list[str]:
    if words[0] not in ("scheduler", "worker"):
        return [f"it has no {words[0]}"]
    module, _, name = words[1].partition(":")
    is_there = hasattr(importlib.import_module(module), name)
    return [] if is_there else [f"{module} has no {name}"]


def _docker_compose(words: Words) -> list[str] | None:
    """Check the files, the verb, the profile and the services; `exec` runs a command again."""
    while words[:1] == ["-f"]:
        if not (ROOT / words[1]).is_file():
            return [f"no file {words[1]}"]
        words = words[2:]
    profiles = {
        each for one in _compose_file()["services"].values() for each in one.get("profiles", ())
    }
    if words[:1] == ["--profile"]:
        if words[1] not in profiles:
            return [f"no profile {words[1]}"]
        words = words[2:]
    if not words:
        return []
    verb, *rest = words
    # `--scale` names a service with its number of containers.
    given = [re.sub(r"=\d+$", "", word) for word in rest if not word.startswith("-")]
    services = given[:1] if verb == "exec" else given
    known = {*_compose_file()["services"], "$service"}
    found = [f"no service {each}" for each in services if each not in known]
    if verb not in _COMPOSE:
        found.append(f"compose has no {verb}")
    if found or verb != "exec":
        return found
    return faults_of(shlex.join(rest[rest.index(services[0]) + 1 :]))


def _copy(words: Words) -> list[str]:
    return [] if not _missing(words[:1]) else _missing(words[:1], ROOT / "deploy/kubernetes")


def _kubectl(words: Words) -> list[str]:
    # The document has the passwords copied to a file of that name.
    files = [word for word in words if word.endswith(".yaml") and word != "secret.yaml"]
    return _missing(files, ROOT / "deploy/kubernetes")


def _export(words: Words) -> list[str]:
    names = {word.split("=")[0] for word in words}
    known = {name.upper() for name in Settings.model_json_schema()["properties"]} | _OTHER_VARIABLES
    return [f"no setting {name}" for name in sorted(names - known)]


_CHECKS: dict[tuple[str, ...], Callable[[Words], list[str] | None]] = {
    ("uv", "run"): _uv_run,
    ("uv", "sync"): _uv_sync,
    ("python", "-m"): _module,
    ("python",): _python,
    ("lavka",): _lavka,
    ("pytest",): _pytest,
    ("taskiq",): _taskiq,
    ("bash",): _bash,
    ("scripts/check",): lambda words: _bash(["scripts/check", *words]),
    ("cd",): _missing,
    ("cp",): _copy,
    ("docker", "compose"): _docker_compose,
    ("kubectl",): _kubectl,
    ("export",): _export,
}
