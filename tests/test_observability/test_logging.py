"""The formats of the log: JSON for programs, and readable lines in a terminal."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import sqlite_settings
from tests.support.processes import ROOT, serving

SPEAKING = """
import logging
import structlog
from app.observability.logging import configure_logging
from app.observability.request_ids import bound_request_id

configure_logging({form!r})
with bound_request_id("an-id"):
    logging.getLogger("app.old").warning("tea for %d", 2)
    structlog.get_logger("app.new").info("coffee", cups=3)
password = "a secret of a local variable"
try:
    raise ValueError("spilt")
except ValueError:
    logging.getLogger("app.old").exception("a\\nline")
"""


def said(form: str | None, **environment: str) -> str:
    """Return the output of a process to a pipe."""
    done = subprocess.run(
        [sys.executable, "-c", SPEAKING.format(form=form)],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


def said_in_terminal(form: str | None) -> str:
    """Return the output of a process to a terminal."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", SPEAKING.format(form=form)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=its,
    ) as process:
        os.close(its)
        spoken = b""
        # On Linux the end of a terminal is an error.
        try:
            while chunk := os.read(ours, 65_536):
                spoken += chunk
        except OSError:
            pass
        assert process.wait(30) == 0
    os.close(ours)
    return spoken.decode()


def assert_is_json(spoken: str) -> None:
    """Assert that each line is a JSON document with all its fields."""
    lines: list[dict[str, Any]] = [json.loads(each) for each in spoken.splitlines()]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    traceback = lines[2].pop("exception")
    assert traceback.startswith("Traceback (most recent call last)") and "spilt" in traceback
    assert lines == [
        {"event": "tea for 2", "level": "warning", "logger": "app.old", "request_id": "an-id"},
        {
            "event": "coffee",
            "cups": 3,
            "level": "info",
            "logger": "app.new",
            "request_id": "an-id",
        },
        {"event": "a\nline", "level": "error", "logger": "app.old"},
    ]


@pytest.mark.parametrize("form", [None, "json"])
def test_each_line_to_a_pipe_is_a_json_document(form: str | None) -> None:
    assert_is_json(said(form))


def test_the_log_in_a_terminal_is_readable_and_coloured() -> None:
    spoken = said_in_terminal(None)
    assert "\x1b[" in spoken and "tea for 2" in spoken and "an-id" in spoken
    assert_is_json(said_in_terminal("json"))


def test_readable_lines_without_colours_are_available_without_a_terminal() -> None:
    spoken = said("console")
    assert "\x1b[" not in spoken and "tea for 2" in spoken and "Traceback" in spoken


def test_a_traceback_contains_no_local_variables() -> None:
    for spoken in (said("json"), said("console"), said_in_terminal("console")):
        assert "a secret of a local variable" not in spoken


def test_a_served_shop_logs_the_request_id_of_its_response(tmp_path: Path) -> None:
    with serving(sqlite_settings(tmp_path / "var"), tmp_path) as shop:
        answer = httpx.get(f"{shop.url}/api/v1/audit")
        assert answer.status_code == 401
        _, _, errors = shop.stop()
    (line,) = (json.loads(each) for each in errors.splitlines())
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert line["event"] == "refused with 401: '/api/v1/audit' from 127.0.0.1"
    assert (line["level"], line["logger"]) == ("warning", "app.web.middleware.edge")
