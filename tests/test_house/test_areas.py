"""The registration of areas is complete and equal in every process; central files name no area."""

import ast
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import TypeVar

import pytest
from litestar import Controller

import app.cache.areas
import app.controllers
import app.errors
import app.security.areas
import app.tables
from app import models
from app.cache.areas import KINDS, tags_of
from app.cache.kind import Kind
from app.controllers import CONTROLLERS, ROOT_CONTROLLERS, TAGS
from app.controllers.system import HOME_CONTROLLERS, TEST_CONTROLLERS
from app.errors import DomainError
from app.security.areas import AUDITED, SCOPES
from app.security.audited import Audited
from app.security.principal import Scope
from tests.test_house.sources import ROOT, sources

ENTRY_POINTS = ("main", "app.server", "app.rabbitmq_consumer", "app.scheduler", "app.cli.main")
# The program of a process that imports one entry point, and no other module of the shop.
_PROGRAM = """
import importlib, json, os, sys

def tell(entry_point):
    importlib.import_module(entry_point)
    known = {}
    for room, name in (("security", "SCOPES"), ("security", "AUDITED"), ("cache", "KINDS")):
        values = getattr(sys.modules[f"app.{room}.areas"], name)
        known[name] = [getattr(each, "name") + "=" + str(each) for each in values]
    known["tables"] = sorted(sys.modules["app.models"].Base.metadata.tables)
    known["refusals"] = sorted(sys.modules["app.errors"].__dict__.keys() - {"__builtins__"})
    known["row tags"] = sorted(each.__name__ for each in sys.modules["app.cache.areas"]._ROW_TAGS)
    print(json.dumps(known), flush=True)

# Packages of others, which take half of the time.
for each in ("litestar.openapi", "pydantic_settings", "sqlalchemy.ext.asyncio", "taskiq.api"):
    importlib.import_module(each)
assert not {each.partition(".")[0] for each in sys.modules} & {"app", "main"}
for each in sys.argv[1:]:
    if os.fork() == 0:
        tell(each)
        break
    assert os.wait()[1] == 0
"""
# The files that a new resource must not touch.
CENTRAL = (
    "main.py",
    "app/cache/areas/__init__.py",
    "app/cache/cache.py",
    "app/cache/kind.py",
    "app/controllers/__init__.py",
    "app/dependencies.py",
    "app/errors/__init__.py",
    "app/models.py",
    "app/schemas/registered.py",
    "app/schemas/system/audit_schema.py",
    "app/security/areas/__init__.py",
    "app/security/audited.py",
    "app/security/principal.py",
    "app/web/docs/openapi.py",
    "app/web/docs/openapi_parameters.py",
    "app/web/docs/pages.py",
    "app/web/request.py",
    "app/web/request_state.py",
    "app/web/respond_async.py",
    "app/web/route_options.py",
)
# The areas that serve all others: central files may name idempotency keys and operations.
_SERVING = {"system", "messaging"}
# A caller with an invalid token is refused before any route.
_OF_EVERY_ROUTE = {"InvalidToken"}

Class = TypeVar("Class")


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(found.name)


def _defined(package: ModuleType, base: type[Class]) -> dict[str, list[type[Class]]]:
    """Return the classes of a kind that a package defines, by their area."""
    by_area: dict[str, list[type[Class]]] = {}
    for module in _modules(package):
        area = module.__name__.removeprefix(f"{package.__name__}.").partition(".")[0]
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, base):
                if each.__module__ == module.__name__:
                    by_area.setdefault(area, []).append(each)
    return by_area


def _all(package: ModuleType, base: type[Class]) -> set[type[Class]]:
    return {each for classes in _defined(package, base).values() for each in classes}


@cache
def _known() -> dict[str, dict[str, list[str]]]:
    """Return the registered names of each entry point."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *ENTRY_POINTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(ENTRY_POINTS, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_every_entry_point_registers_the_same_names(entry_point: str) -> None:
    known = _known()[entry_point]
    assert known == _known()["main"]
    assert known["SCOPES"] == [f"{each.name}={each.value}" for each in SCOPES]
    assert known["AUDITED"] == [f"{each.name}={each.value}" for each in AUDITED]
    assert [each.partition("=")[0] for each in known["KINDS"]] == [each.name for each in KINDS]
    assert known["tables"] == sorted(models.Base.metadata.tables)
    assert {"Order", "OrderChange", "OrderItem", "Product", "User"} <= set(known["row tags"])


def test_every_scope_and_every_audit_event_of_an_area_is_registered_once() -> None:
    for base, registered in ((Scope, SCOPES), (Audited, AUDITED)):
        found = {
            each for kind in _all(app.security.areas, base) for each in kind.__members__.values()
        }
        assert set(registered) == found
        for names in ([each.name for each in registered], [each.value for each in registered]):
            assert Counter(names).most_common(1)[0][1] == 1


def test_every_cached_kind_of_an_area_has_its_own_name() -> None:
    found = [
        each
        for module in _modules(app.cache.areas)
        for each in vars(module).values()
        if isinstance(each, Kind)
    ]
    assert sorted(each.name for each in KINDS) == sorted(each.name for each in found)
    assert len({each.name for each in KINDS}) == len(KINDS)


def test_a_row_that_no_area_caches_drops_nothing() -> None:
    assert tags_of(models.OutgoingMail()) == set()


def test_every_controller_is_registered_and_its_tags_are_described() -> None:
    registered = (*CONTROLLERS, *TEST_CONTROLLERS, *ROOT_CONTROLLERS, *HOME_CONTROLLERS)
    assert len(registered) == len(set(registered))
    assert set(registered) == _all(app.controllers, Controller)
    used = {tag for each in registered for tag in vars(each).get("tags", ())}
    assert used == {tag.name for tag in TAGS}


def test_every_refusal_and_every_table_is_exported_by_its_package() -> None:
    refusals, tables = _all(app.errors, DomainError), _all(app.tables, models.Base)
    assert len(refusals) > 30 and len(tables) > 15
    for package, classes in ((app.errors, refusals), (models, tables)):
        for each in classes:
            assert getattr(package, each.__name__, None) is each


def _resources() -> set[str]:
    """Return the names that a central file must not have."""
    packages = (
        (app.errors, DomainError),
        (app.tables, models.Base),
        (app.controllers, Controller),
    )
    names = {
        each.__name__
        for package, base in packages
        for area, classes in _defined(package, base).items()
        for each in classes
        if area not in _SERVING | {"base"}
    }
    names |= {each.name for each in (*SCOPES, *AUDITED)}
    names |= {
        name
        for module in _modules(app.cache.areas)
        for name, each in vars(module).items()
        if isinstance(each, Kind)
    }
    return names - _OF_EVERY_ROUTE


def _names_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]


@pytest.mark.parametrize("path", CENTRAL)
def test_no_central_file_names_a_resource(path: str) -> None:
    (source,) = [each for each in sources() if each.path == path]
    assert sorted(set(_names_in(source.tree)) & _resources()) == []


def test_the_names_of_resources_are_found() -> None:
    assert {"Product", "SkuTaken", "OrderController", "USERS", "ORDERS_READ"} <= _resources()
    found = set(_names_in(ast.parse("from a import Product\nb.SkuTaken\nUSERS")))
    assert {"Product", "SkuTaken", "USERS"} <= found
