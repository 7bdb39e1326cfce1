"""A cron expression is validated when it is read, and gives the same times as in TaskIQ."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pycron
import pytest

from app.core.cron import Cron

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("0 0 * * *", "0 0 * * *"),
        (" 0\t0  * * * ", "0 0 * * *"),
        ("*/15 6-8 1,15 * *", "*/15 6,7,8 1,15 * *"),
        ("5 4 * jan-MAR Sun", "5 4 * 1,2,3 0"),
        ("0 6 * * 5-7", "0 6 * * 0,5,6"),
        ("0-30/10 23 31 12 *", "0,10,20,30 23 31 12 *"),
        ("0 0 29 2 *", "0 0 29 2 *"),
    ],
)
def test_an_expression_is_spelled_in_numbers(written: str, spelled: str) -> None:
    assert Cron(written).expression == spelled
    assert Cron(spelled).expression == spelled


FIVE = "must have five fields: minute, hour, day of the month, month, day of the week"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", FIVE),
        ("0 0 * *", FIVE),
        ("0 0 0 * * *", FIVE),
        ("@daily", FIVE),
        ("60 0 * * *", "'60' is not valid for the minute, which is a number from 0 to 59"),
        ("0 24 * * *", "'24' is not valid for the hour, which is a number from 0 to 23"),
        ("0 0 0 * *", "'0' is not valid for the day of the month, which is a number from 1 to 31"),
        ("0 0 * 13 *", "'13' is not valid for the month, which is a number from 1 to 12"),
        ("0 0 * * 8", "'8' is not valid for the day of the week, which is a number from 0 to 7"),
        (
            "0 0 * * someday",
            "'someday' is not valid for the day of the week, which is a number from 0 to 7",
        ),
        ("0 9-6 * * *", "'9-6' is not valid for the hour, which is a number from 0 to 23"),
        ("*/0 * * * *", "'*/0' is not valid for the minute, which is a number from 0 to 59"),
        ("5/10 * * * *", "'5/10' is not valid for the minute, which is a number from 0 to 59"),
        ("1,,2 * * * *", "'' is not valid for the minute, which is a number from 0 to 59"),
        ("-1 * * * *", "'-1' is not valid for the minute, which is a number from 0 to 59"),
        ("² * * * *", "'²' is not valid for the minute, which is a number from 0 to 59"),
        ("0 0 30 2 *", "names a day that does not exist"),
        ("0 0 31 4,6,9,11 *", "names a day that does not exist"),
    ],
)
def test_an_invalid_schedule_is_refused_with_the_reason(written: str, reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        Cron(written)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("written", "zone", "moment", "last"),
    [
        ("0 0 * * *", "UTC", "2026-03-02T00:00", "2026-03-02T00:00"),
        ("0 0 * * *", "UTC", "2026-03-01T23:59", "2026-03-01T00:00"),
        ("30 6 * * *", "Europe/Berlin", "2026-03-02T05:29", "2026-03-01T05:30"),
        ("30 6 * * *", "Europe/Berlin", "2026-03-02T05:30", "2026-03-02T05:30"),
        ("0 6 * * mon", "UTC", "2026-03-01T12:00", "2026-02-23T06:00"),
        ("0 6 13 * fri", "UTC", "2026-03-12T12:00", "2026-03-06T06:00"),
        ("0 0 29 2 *", "UTC", "2026-03-02T00:00", "2024-02-29T00:00"),
        # There is no midnight: clocks go from 23:59 to 1:00.
        ("0 0 * * *", "Africa/Cairo", "2026-04-23T22:00", "2026-04-23T22:00"),
        # There is no 2:30: clocks go from 1:59 to 3:00.
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:29", "2026-03-28T01:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:30", "2026-03-29T01:30"),
        # Midnight comes twice.
        ("0 0 * * *", "America/Havana", "2026-11-01T05:30", "2026-11-01T04:00"),
        # Clocks went back from one minute past midnight to the day before.
        ("0 0 * * *", "America/St_Johns", "2010-11-07T03:00", "2010-11-07T02:30"),
    ],
)
def test_the_last_time_is_that_of_the_zone(written: str, zone: str, moment: str, last: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert Cron(written).last_before(at, zone) == datetime.fromisoformat(last).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["*/7 */5 * * *", "0 6 * * mon-fri", "30 6 1-7/2 feb,mar sun", "0 12 */3 * 1", "15 3 * * */2"],
)
def test_taskiq_sends_at_the_same_times(written: str) -> None:
    cron, zone = Cron(written), ZoneInfo("Asia/Tokyo")
    at = datetime(2026, 2, 20, tzinfo=UTC)
    for _ in range(20 * 24 * 12):
        at += 5 * MINUTE
        is_now = cron.last_before(at, "Asia/Tokyo") == at
        assert is_now == pycron.is_now(cron.expression, at.astimezone(zone)), at
