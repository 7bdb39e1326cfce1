"""With `ACCESS_LOG`, each request, applied message and task has one line, written in batches."""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.observability.access_log import AccessLog
from tests.conftest import sqlite_settings
from tests.support.processes import WAIT_SECONDS, serving
from tests.support.refusals import NOTHING

OWN = {"X-Request-ID": "caller-0001"}
SECRET = "a-secret-of-the-query"


def noted(log: AccessLog, path: str = "/api/v1/products") -> None:
    """Add a request to a log."""
    log.request("GET", path, 200, 0.00123, "caller-0001", "192.0.2.7")


async def test_lines_are_collected_and_written_together(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = AccessLog("json")
    for _ in range(3):
        noted(log)
    assert capsys.readouterr().err == ""
    await asyncio.sleep(0.7)
    lines = [json.loads(each) for each in capsys.readouterr().err.splitlines()]
    timestamps = [each.pop("timestamp") for each in lines]
    assert len(timestamps) == 3 and all(each.endswith("Z") for each in timestamps)
    assert lines[0] == {
        "method": "GET",
        "path": "/api/v1/products",
        "status": 200,
        "address": "192.0.2.7",
        "duration_ms": 1.23,
        "event": "GET '/api/v1/products' 200",
        "level": "info",
        "logger": "access.http",
        "request_id": "caller-0001",
    }
    assert lines == [lines[0]] * 3


async def test_many_lines_are_written_at_once_without_partial_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[bytes] = []
    monkeypatch.setattr("app.observability.access_log._write", written.append)
    log = AccessLog("json")
    for number in range(500):
        noted(log, f"/{number}" * 30)
    assert sum(each.count(b"\n") for each in written) == 500
    assert 20 < len(written) < 100
    assert all(len(each) <= 4_096 and each.endswith(b"\n") for each in written)


async def test_a_line_for_people_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log = AccessLog("console")
    noted(log, "/a\nb\ud800" + "x" * 1_000)
    log.message("order", "m-1", "applied", 0.5, None)
    log.flush()
    first, second = capsys.readouterr().err.splitlines()
    assert "GET '/a\\nb\\\\ud800xxx" in first and first.endswith("1.23 ms request_id=caller-0001")
    assert len(first) < 400
    assert second.endswith("[info     ] message of queue order applied [access.messages] 500.0 ms")


def lines_of(errors: str, logger: str) -> list[dict[str, Any]]:
    """Return the lines of a kind in a log."""
    lines = [json.loads(each) for each in errors.splitlines()]
    return [each for each in lines if each["logger"] == f"access.{logger}"]


def token_of(client: httpx.Client, email: str, password: str) -> str:
    """Log in and return the access token."""
    answer = client.post("/auth/token", data={"username": email, "password": password})
    return str(answer.json()["access_token"])


def test_a_request_its_message_and_the_tasks_are_logged_with_the_request_id(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var", access_log=True, test_clock=True)
    with serving(settings, tmp_path) as shop:
        with httpx.Client(base_url=f"{shop.url}/api/v1", timeout=60) as client:
            (password,) = re.findall(r", password (\S+)", shop.output.read_text("utf-8"))
            token = token_of(client, settings.admin_email, password)
            sent = {"Authorization": f"Bearer {token}", "Prefer": "respond-async, wait=20"}
            tea = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99"}
            assert client.post("/products", json=tea, headers=OWN | sent).status_code == 201
            assert client.get(f"/products/{NOTHING}?q={SECRET}", headers=OWN).status_code == 404
            client.get("/nothing")
        deadline = time.monotonic() + WAIT_SECONDS
        while not lines_of(shop.errors.read_text("utf-8"), "tasks"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        code, _, errors = shop.stop()
    assert code == 0
    tasks = lines_of(errors, "tasks")
    assert {each["task"] for each in tasks} <= {"generate_reports", "catch_up_reports", "tidy"}
    assert {each["outcome"] for each in tasks} == {"done"}
    requests = lines_of(errors, "http")
    own = [each for each in requests if each["request_id"] == "caller-0001"]
    assert [(each["method"], each["path"], each["status"]) for each in own] == [
        ("POST", "/api/v1/products", 201),
        ("GET", f"/api/v1/products/{NOTHING}", 404),
    ]
    assert ("/api/v1/nothing", 404) in [(each["path"], each["status"]) for each in requests]
    (message,) = lines_of(errors, "messages")
    assert (message["queue"], message["outcome"]) == ("product", "applied")
    assert message["request_id"] == "caller-0001"
    assert SECRET not in errors and token not in errors and password not in errors


def test_without_the_setting_there_is_no_line(tmp_path: Path) -> None:
    with serving(sqlite_settings(tmp_path / "var"), tmp_path) as shop:
        assert httpx.get(f"{shop.url}/api/v1/products", headers=OWN).status_code == 200
        assert shop.stop()[2] == ""
