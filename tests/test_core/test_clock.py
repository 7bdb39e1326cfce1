"""The clock can be moved, for all processes with the same file, if the settings allow it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.core.clock import Clock
from app.wiring.resources import Shop
from main import create_app
from tests.conftest import client_of, running, sqlite_settings
from tests.support.refusals import problem_of

DAY = timedelta(days=1)


def is_moved(clock: Clock, by: timedelta) -> bool:
    """Return whether a clock differs from the machine's by a time span, within a second."""
    return abs(clock.now() - datetime.now(UTC) - by) < timedelta(seconds=1)


def test_a_clock_without_a_file_is_moved_alone() -> None:
    clock, other = Clock(), Clock()
    clock.move(DAY)
    assert is_moved(clock, DAY) and is_moved(other, timedelta())


def test_clocks_of_one_file_are_moved_together(tmp_path: Path) -> None:
    one, other = Clock(tmp_path / "var" / "clock"), Clock(tmp_path / "var" / "clock")
    assert is_moved(one, timedelta())
    one.move(DAY)
    assert is_moved(other, DAY)
    other.move(-3 * DAY)
    assert is_moved(one, -2 * DAY)
    assert is_moved(Clock(tmp_path / "var" / "clock"), -2 * DAY)


async def test_an_administrator_moves_the_time_if_the_settings_allow_it(tmp_path: Path) -> None:
    settings = sqlite_settings(
        tmp_path, test_clock=True, admin_password="a kettle for the administrator"
    )
    async with running(create_app(Shop(settings))) as app, client_of(app) as machine:
        assert (await machine.get("/clock")).status_code == 403
        admin = {"username": settings.admin_email, "password": "a kettle for the administrator"}
        token = (await machine.post("/auth/token", data=admin)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        moved = await machine.post("/clock", json={"seconds": 60}, headers=headers)
        assert moved.status_code == 200
        assert is_moved(app.state.shop.clock, timedelta(seconds=60))
        assert is_moved(Clock(settings.data_dir / "clock"), timedelta(seconds=60))
        shown = await machine.get("/clock", headers=headers)
        assert datetime.fromisoformat(shown.json()["now"]) > datetime.now(UTC)
        for wrong in ({"seconds": 1.5}, {"seconds": 10**9}, {}):
            answer = await machine.post("/clock", json=wrong, headers=headers)
            assert problem_of(answer)["status"] == 400


@pytest.mark.any_database
async def test_other_shops_do_not_have_the_route(client: httpx.AsyncClient) -> None:
    assert (await client.get("/clock")).status_code == 404


@pytest.mark.parametrize("given", [False, True])
async def test_an_old_file_moves_the_clock_only_if_the_setting_allows_it(
    tmp_path: Path, given: bool
) -> None:
    (tmp_path / "clock").write_text("86400.0", encoding="ascii")
    shop = Shop(sqlite_settings(tmp_path, test_clock=given))
    assert is_moved(shop.clock, DAY if given else timedelta())
    await shop.close()
