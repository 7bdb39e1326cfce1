"""Charts of reports have a heading, axes of round numbers, and one margin for both panels."""

from collections.abc import Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import cast
from xml.etree import ElementTree

import pytest

from app.schemas.reports.report_schema import ReportSummary
from app.web.rendering.report_chart import NARROW, WIDE, chart_of_day, chart_of_days

SVG = "{http://www.w3.org/2000/svg}"
DAY = date(2026, 1, 31)
FIGURE_SPACE = "\u2007"


def report(
    day: date = DAY, orders: int = 0, minor: int = 0, currency: str = "USD"
) -> ReportSummary:
    """Return the data of a report for a chart."""
    placed = SimpleNamespace(orders_count=orders, amount_minor=minor)
    summary = SimpleNamespace(day=day, timezone="UTC", currency=currency, placed=placed)
    return cast(ReportSummary, summary)


def axes_of(picture: bytes) -> list[list[str]]:
    """Return the labels of the vertical axes, revenue first; assert that their lengths agree."""
    root = ElementTree.fromstring(picture)
    panels = [
        [text.text or "" for text in axis.iter(f"{SVG}text")]
        for axis in root.iter(f"{SVG}g")
        if axis.get("class") == "axis y always_show"
    ]
    assert len(panels) == 2
    assert len({len(text) for panel in panels for text in panel}) == 1
    return [[text.strip(FIGURE_SPACE) for text in panel] for panel in panels]


def margins_of(picture: bytes) -> set[str]:
    """Return the left edges of the plots."""
    plots = ElementTree.fromstring(picture).iter(f"{SVG}g")
    return {str(each.get("transform")) for each in plots if each.get("class") == "plot"}


@pytest.mark.parametrize(
    ("currency", "hours", "revenue", "orders"),
    [
        ("USD", [], ["0.00", "0.20", "0.40", "0.60", "0.80", "1.00"], ["0", "1"]),
        ("USD", [(13, 1, 2, 499)], ["0", "1", "2", "3", "4", "5"], ["0", "1"]),
        ("USD", [(0, 2, 2, 0), (1, 3, 9, 250)], "0.00 0.50 1.00 1.50 2.00 2.50".split(), "0123"),
        ("USD", [(9, 7, 9, 1)], ["0.00", "0.01"], ["0", "2", "4", "6", "8"]),
        (
            "USD",
            [(9, 26_000, 9, 1_234_567_890)],
            ["0", "5,000,000", "10,000,000", "15,000,000"],
            ["0", "10,000", "20,000", "30,000"],
        ),
        ("JPY", [(9, 1, 9, 900)], ["0", "200", "400", "600", "800", "1,000"], ["0", "1"]),
        ("KWD", [(9, 1, 9, 2_200)], "0.000 0.500 1.000 1.500 2.000 2.500".split(), ["0", "1"]),
    ],
)
def test_an_axis_has_few_round_numbers_and_no_number_twice(
    currency: str,
    hours: Sequence[tuple[int, int, int, int]],
    revenue: Sequence[str],
    orders: Sequence[str],
) -> None:
    picture = chart_of_day(report(currency=currency), hours)
    assert axes_of(picture) == [list(revenue), list(orders)]
    assert len(margins_of(picture)) == 1


def test_a_chart_of_days_has_the_same_axes() -> None:
    days = [DAY + timedelta(days=number) for number in range(365)]
    made = [report(day, number % 3, number * 7) for number, day in enumerate(days) if number != 7]
    picture = chart_of_days(days, made, "USD")
    assert axes_of(picture) == [["0", "10", "20", "30"], ["0", "1", "2"]]
    assert len(margins_of(picture)) == 1


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_labels_of_days_and_hours_are_complete(width: int) -> None:
    days = [DAY + timedelta(days=number) for number in range(28)]
    of_days = chart_of_days(days, [report()], "USD", width).decode()
    assert ">31 Jan<" in of_days and "…" not in of_days
    of_day = chart_of_day(report(), [(13, 1, 2, 499)], width).decode()
    assert ">00<" in of_day and "…" not in of_day


def test_the_date_is_a_visible_heading() -> None:
    for picture, heading in (
        (chart_of_day(report(), []), "Report of 2026-01-31, by the hour (UTC)"),
        (chart_of_days([DAY, DAY], [report()], "USD"), "Reports from 2026-01-31 to 2026-01-31"),
    ):
        root = ElementTree.fromstring(picture)
        (shown,) = (each for each in root.iter(f"{SVG}text") if each.get("class") == "heading")
        title = root.find(f"{SVG}title")
        assert title is not None and shown.text == title.text == heading


def test_days_without_a_report_are_in_the_currency_of_the_shop() -> None:
    picture = chart_of_days([DAY], [], "JPY")
    assert "Revenue, JPY" in picture.decode()
    assert axes_of(picture) == [["0", "1"], ["0", "1"]]
