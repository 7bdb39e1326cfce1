"""A report is made once, adds up, is the same when made again, and follows late changes."""

import asyncio
import json
from datetime import UTC, date, datetime
from unittest.mock import patch

import pytest
from sqlalchemy import text

from app.errors import DayNotOver, ReportInProgress, ReportUnbalanced
from app.jobs import daily_reports
from app.jobs.daily_reports import make_due_reports, make_report
from app.repositories.reports import ledger_repository
from app.schemas.messaging.event_schema import envelope_of
from app.schemas.reports.report_events import ReportReadyEvent
from app.schemas.reports.report_messages import ReportMessage
from app.schemas.reports.report_schema import Total
from app.services.reports import report_maker
from app.services.reports.report_maker import Outcome
from app.wiring.areas.reports import provide_report_maker
from app.wiring.resources import Shop
from tests.test_reports.books import (
    add_orders,
    at_moment,
    at_once,
    cancel,
    everything_of,
    lines_of,
    messages_of,
    orders_of,
    reports_of,
)
from tests.test_reports.conftest import DAY, HOUR, NOON

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 3, each) for each in (2, 3, 4))


async def test_a_day_is_reported_when_it_is_over_and_not_before(open_shop: Shop) -> None:
    midnight = NOON + DAY / 2
    async with at_moment(open_shop, midnight - HOUR):
        with pytest.raises(DayNotOver, match="2026-03-02 does not end before 2026-03-03T00:00:00"):
            await make_report(open_shop, MONDAY)
        assert await make_due_reports(open_shop) == []
    async with at_moment(open_shop, midnight):
        assert await make_due_reports(open_shop) == [MONDAY]
    (report,) = await reports_of(open_shop)
    # Each order has one tea at 2.50; the first and the fourth also have two pots.
    assert report.placed == Total(orders_count=4, units=8, amount_minor=2000)
    assert (report.first_order_at, report.last_order_at) == (NOON, NOON + 3 * HOUR)
    assert (report.net_units, report.net_minor, report.version) == (8, 2000, 1)


async def test_missing_days_are_caught_up_including_empty_ones(
    open_shop: Shop,
) -> None:
    async with at_moment(open_shop, NOON + 3 * DAY):
        assert await make_due_reports(open_shop) == [MONDAY, TUESDAY, WEDNESDAY]
        assert await make_due_reports(open_shop) == []
    assert [each.placed.orders_count for each in await reports_of(open_shop)] == [4, 3, 0]


async def test_concurrent_runs_make_one_report_and_one_message(open_shop: Shop) -> None:
    sending = Shop(open_shop.settings.model_copy(update={"rabbitmq_host": "localhost"}))
    try:
        async with at_moment(sending, NOON + DAY):
            made = await at_once(*(make_due_reports(sending) for _ in range(8)))
    finally:
        await sending.close()
    assert sorted(made) == [[]] * 7 + [[MONDAY]]
    assert [each.day for each in await reports_of(open_shop)] == [MONDAY]
    assert len(await lines_of(open_shop)) == 4
    assert [each.message_id for each in await messages_of(open_shop)] == ["report-2026-03-02-1-1"]
    assert len(await messages_of(open_shop, "report.ready")) == 1


async def test_without_the_lock_the_database_itself_refuses_a_second_report(
    open_shop: Shop,
) -> None:
    async def leave_open(*_: object) -> None:
        """Lock nothing."""

    async def nothing(*_: object) -> None:
        """Find no report."""

    async with at_moment(open_shop, NOON + DAY):
        assert await make_report(open_shop, MONDAY) is Outcome.MADE
        before = await everything_of(open_shop, MONDAY)
        repository = "app.repositories.reports.report_making_repository.ReportMakingRepository"
        with (
            patch(f"{repository}.lock", leave_open),
            patch(f"{repository}.find_of", nothing),
            pytest.raises(Exception) as refused,
        ):
            await make_report(open_shop, MONDAY)
    assert isinstance(refused.value, ReportInProgress) or "UNIQUE" in str(refused.value).upper()
    assert await everything_of(open_shop, MONDAY) == before


async def test_a_report_that_is_made_again_is_the_same_to_the_byte(open_shop: Shop) -> None:
    async with at_moment(open_shop, NOON + DAY):
        assert await make_report(open_shop, MONDAY) is Outcome.MADE
        before, (report,) = await everything_of(open_shop, MONDAY), await reports_of(open_shop)
        assert await make_report(open_shop, MONDAY) is Outcome.UNCHANGED
        assert await reports_of(open_shop) == [report]
    async with open_shop.database.write() as session:
        for table in ("report_lines", "report_products", "daily_reports"):
            await session.execute(text(f"DELETE FROM {table}"))
    async with at_moment(open_shop, NOON + 9 * DAY):
        assert await make_report(open_shop, MONDAY) is Outcome.MADE
    assert await everything_of(open_shop, MONDAY) == before


async def test_a_late_cancellation_is_a_correction_on_the_day_on_which_it_happens(
    open_shop: Shop,
) -> None:
    orders = await orders_of(open_shop)
    await cancel(open_shop, orders[1].id, NOON + 9 * HOUR)
    async with at_moment(open_shop, NOON + DAY):
        assert await make_due_reports(open_shop) == [MONDAY]
    before = await everything_of(open_shop, MONDAY)
    await cancel(open_shop, orders[0].id, NOON + DAY + 9 * HOUR)
    async with at_moment(open_shop, NOON + 2 * DAY):
        assert await make_due_reports(open_shop) == [TUESDAY]
    monday, tuesday = await reports_of(open_shop)
    assert await everything_of(open_shop, MONDAY) == before
    assert (monday.placed.orders_count, monday.placed.amount_minor) == (4, 2000)
    assert (monday.cancelled.orders_count, monday.cancelled.amount_minor) == (1, 250)
    assert monday.corrections.orders_count == 0
    assert (tuesday.placed.orders_count, tuesday.cancelled.orders_count) == (3, 1)
    assert tuesday.corrections == Total(orders_count=1, units=3, amount_minor=750)
    assert (tuesday.net_units, tuesday.net_minor) == (5 - 3, 1250 - 750)


async def test_orders_that_are_imported_into_a_day_renew_its_report(open_shop: Shop) -> None:
    async with at_moment(open_shop, NOON + DAY):
        await make_due_reports(open_shop)
        await add_orders(open_shop, [NOON + 5 * HOUR, NOON - 700 * DAY], name="forgotten")
        assert await make_due_reports(open_shop) == [(NOON - 700 * DAY).date(), MONDAY]
        assert await make_due_reports(open_shop) == []
    old, monday = await reports_of(open_shop)
    assert (old.placed.orders_count, old.version) == (1, 1)
    assert (monday.placed.orders_count, monday.version) == (5, 2)
    assert len(await lines_of(open_shop)) == 6


async def test_imported_orders_that_were_cancelled_count_as_placed_and_cancelled(
    open_shop: Shop,
) -> None:
    await add_orders(open_shop, [NOON + HOUR / 2], status="cancelled", name="returned")
    async with at_moment(open_shop, NOON + DAY):
        await make_due_reports(open_shop)
    (monday,) = await reports_of(open_shop)
    assert (monday.placed.orders_count, monday.cancelled.orders_count) == (5, 1)
    assert (monday.net_units, monday.net_minor) == (8, 2000)


@pytest.mark.parametrize(
    "fault",
    [
        "UPDATE orders SET total_minor = total_minor + 1",
        "UPDATE orders SET units = units + 1",
        "UPDATE order_items SET unit_price_minor = unit_price_minor + 1",
        "DELETE FROM stock_movements WHERE reason = 'sale'",
        "UPDATE stock_movements SET quantity = quantity - 1 WHERE reason = 'sale'",
    ],
)
async def test_a_day_whose_rows_do_not_add_up_is_refused_and_does_not_delay_others(
    open_shop: Shop, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    table = fault.split()[1] if fault.startswith("UPDATE") else fault.split()[2]
    when = {"orders": "created_at", "stock_movements": "created_at"}.get(table)
    only = (
        f"{when} < :midnight"
        if when
        else "order_id IN (SELECT id FROM orders WHERE created_at < :midnight)"
    )
    joined = f"{fault} {'AND' if 'WHERE' in fault else 'WHERE'} {only}"
    midnight = NOON + DAY / 2
    value = (
        midnight.strftime("%Y-%m-%d %H:%M:%S.000000") if open_shop.database.is_sqlite else midnight
    )
    async with open_shop.database.write() as session:
        await session.execute(text(joined), {"midnight": value})
    async with at_moment(open_shop, NOON + 2 * DAY):
        with pytest.raises(ReportUnbalanced, match="do not add up to the day"):
            await make_report(open_shop, MONDAY)
        assert await make_due_reports(open_shop) == [TUESDAY]
    assert [each.day for each in await reports_of(open_shop)] == [TUESDAY]
    assert len(await lines_of(open_shop)) == 3
    assert "no report of 2026-03-02" in caplog.text


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "UTC", "America/New_York"])
async def test_very_old_orders_have_reports_and_do_not_delay_others(
    open_shop: Shop, zone: str
) -> None:
    shop = Shop(open_shop.settings.model_copy(update={"shop_timezone": zone}))
    long_ago = [datetime(1969, 7, 20, 12, tzinfo=UTC), datetime(1970, 1, 1, 12, tzinfo=UTC)]
    await add_orders(open_shop, long_ago, name="old")
    try:
        async with at_moment(shop, NOON + 2 * DAY):
            made = await make_due_reports(shop)
            assert made[:2] == [each.date() for each in long_ago]
            assert made[2:] == [MONDAY, TUESDAY]
            assert await make_due_reports(shop) == []
    finally:
        await shop.close()


async def test_an_error_on_one_day_does_not_delay_others(
    open_shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_if_due = report_maker.ReportMaker.make_if_due

    async def fail(maker: report_maker.ReportMaker, day: date) -> Outcome:
        if day == MONDAY:
            raise ZeroDivisionError("an error of the day")
        return await make_if_due(maker, day)

    monkeypatch.setattr(report_maker.ReportMaker, "make_if_due", fail)
    async with at_moment(open_shop, NOON + 2 * DAY):
        assert await make_due_reports(open_shop) == [TUESDAY]
    assert "no report of 2026-03-02" in caplog.text


async def test_catching_up_leaves_most_of_the_time_to_requests(
    open_shop: Shop, share_of_reports: float
) -> None:
    loop, busy, started_at = asyncio.get_running_loop(), 0.0, 0.0
    make = daily_reports.make_report

    async def take_a_while(shop: Shop, day: date, *, only_if_due: bool = False) -> Outcome:
        nonlocal busy
        began_at = loop.time()
        outcome = await make(shop, day, only_if_due=only_if_due)
        await asyncio.sleep(0.02)
        busy += loop.time() - began_at
        return outcome

    with patch.multiple(daily_reports, make_report=take_a_while, _SHARE=share_of_reports):
        async with at_moment(open_shop, NOON + 11 * DAY):
            started_at = loop.time()
            assert len(await make_due_reports(open_shop)) == 11
    # There is no pause after the last report.
    assert busy < 0.35 * (loop.time() - started_at)


@pytest.mark.parametrize("broker", [None, "localhost"])
async def test_the_newest_day_is_made_first_unless_messages_are_sent_in_the_order_of_days(
    open_shop: Shop, broker: str | None
) -> None:
    shop = Shop(open_shop.settings.model_copy(update={"rabbitmq_host": broker}))
    begun: list[date] = []
    make = daily_reports.make_report

    async def note(its: Shop, day: date, *, only_if_due: bool = False) -> Outcome:
        begun.append(day)
        return await make(its, day, only_if_due=only_if_due)

    days = [MONDAY, TUESDAY, WEDNESDAY]
    try:
        async with at_moment(shop, NOON + 3 * DAY):
            with patch.object(daily_reports, "make_report", note):
                assert await make_due_reports(shop) == days
    finally:
        await shop.close()
    assert begun == (days if broker else days[::-1])


async def test_a_message_with_many_lines_is_sent_in_parts(open_shop: Shop) -> None:
    sending = Shop(open_shop.settings.model_copy(update={"rabbitmq_host": "localhost"}))
    try:
        async with at_moment(sending, NOON + DAY):
            with patch.object(report_maker, "MESSAGE_LINES", 3):
                await make_report(sending, MONDAY)
    finally:
        await sending.close()
    messages, lines = await messages_of(open_shop), await lines_of(open_shop)
    (report,) = await reports_of(open_shop)
    assert [each.message_id for each in messages] == [f"report-2026-03-02-1-{n}" for n in (1, 2)]
    assert [each.headers["x-part"] for each in messages] == [1, 2]
    assert {each.headers["x-parts"] for each in messages} == {2}
    bodies = [ReportMessage.model_validate_json(each.body) for each in messages]
    assert [len(each.reports) for each in bodies] == [3, 1]
    assert {(each.report_date, each.reports_count) for each in bodies} == {(MONDAY, 4)}
    assert [line.order_id for each in bodies for line in each.reports] == [
        each.order_id for each in lines
    ]
    assert json.loads(messages[0].body).keys() == {
        "report_date",
        "reports_count",
        "reports",
        "created_at",
    }
    (event,) = await messages_of(open_shop, "report.ready")
    told = envelope_of(ReportReadyEvent).model_validate_json(event.body)
    assert getattr(told, "data").reports_count == 4
    assert getattr(told, "data").created_at == report.updated_at


async def test_without_a_broker_nothing_is_sent(open_shop: Shop) -> None:
    async with at_moment(open_shop, NOON + DAY):
        await make_report(open_shop, MONDAY)
    assert await messages_of(open_shop) == []
    assert await messages_of(open_shop, "report.ready") == []


# SQLite has one writer, so no other transaction has uncommitted changes at the same time.
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_a_report_waits_for_an_order_that_is_not_committed_at_midnight(
    open_shop: Shop,
) -> None:
    midnight = NOON + DAY / 2
    async with at_moment(open_shop, midnight + HOUR / 60):
        async with open_shop.database.write() as slow:
            # An order gets a transaction id with its row locks, before it reads the clock.
            await slow.execute(text("SELECT pg_current_xact_id()"))
            making = at_once(make_report(open_shop, MONDAY))
            task = asyncio.ensure_future(making)
            await asyncio.sleep(0.3)
            assert not task.done()
            await slow.execute(
                text(
                    "INSERT INTO orders (id, number, user_id, status, units, total_minor, currency,"
                    " created_at, updated_at, version) SELECT gen_random_uuid(), 999999, user_id,"
                    " status, 0, 0, currency, :at, :at, 1 FROM orders LIMIT 1"
                ),
                {"at": midnight - HOUR / 3600 / 1000},
            )
        assert await task == [Outcome.MADE]
    (report,) = await reports_of(open_shop)
    assert report.placed.orders_count == 5


async def test_orders_are_read_in_batches_and_each_once(open_shop: Shop) -> None:
    await add_orders(open_shop, [NOON] * 7, name="together")
    async with at_moment(open_shop, NOON + DAY):
        with patch.object(ledger_repository, "_BATCH_SIZE", 3):
            await make_report(open_shop, MONDAY)
        assert await make_report(open_shop, MONDAY) is Outcome.UNCHANGED
    orders = [each.order_id for each in await lines_of(open_shop)]
    assert len(orders) == len(set(orders)) == 11


async def test_a_report_of_another_time_zone_is_made_again(open_shop: Shop) -> None:
    async with at_moment(open_shop, NOON + DAY):
        await make_due_reports(open_shop)
    moved = Shop(open_shop.settings.model_copy(update={"shop_timezone": "Asia/Tokyo"}))
    try:
        async with at_moment(moved, NOON + DAY):
            await make_due_reports(moved)
    finally:
        await moved.close()
    (report,) = await reports_of(open_shop)
    # In Tokyo, Tuesday began at 15:00 UTC.
    assert (report.timezone, report.placed.orders_count, report.version) == ("Asia/Tokyo", 3, 2)


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_the_maker_refuses_a_report_that_another_process_makes(open_shop: Shop) -> None:
    async with at_moment(open_shop, NOON + DAY):
        async with open_shop.database.write() as session:
            assert await provide_report_maker(session, open_shop).make(MONDAY) is Outcome.MADE
            with pytest.raises(ReportInProgress):
                await make_report(open_shop, MONDAY)


async def test_a_report_waits_for_an_open_order_without_a_connection(open_shop: Shop) -> None:
    database = open_shop.database
    if database.is_sqlite:
        return  # One transaction writes at a time, so there is no open order.
    async with at_moment(open_shop, NOON + DAY / 2 + HOUR / 4):
        async with database.write() as session:
            await session.execute(text("SELECT pg_current_xact_id()"))
            making = [asyncio.create_task(make_report(open_shop, MONDAY)) for _ in range(3)]
            await asyncio.sleep(0.2)
            in_use = []
            for _ in range(50):
                in_use.append(database.connections_in_use)
                await asyncio.sleep(0.002)
            assert not any(each.done() for each in making)
        # Most of the time, only the order uses a connection.
        assert sorted(in_use)[25] == 1
        outcomes = await asyncio.gather(*making, return_exceptions=True)
    assert Outcome.MADE in outcomes
    assert len(await reports_of(open_shop)) == 1
