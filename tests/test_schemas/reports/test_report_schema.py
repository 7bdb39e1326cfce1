"""Reports: invalid days are refused by name and reason."""

import pytest

from app.schemas.base import Schema
from app.schemas.reports.report_schema import ChartQuery, ReportOrder, ReportQuery
from tests.test_schemas.judging import UNKNOWN, errors_in_body, errors_in_query, parsed

NO_DAY = "must be a day like 2026-01-31"
NOT_OURS = "must be a day from 1970-01-01 to 9999-12-30"


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("yesterday", NO_DAY),
        (1772409600, NO_DAY),
        (None, NO_DAY),
        ("", NO_DAY),
        ("2026-03-02T00:00:00Z", NO_DAY),
        ("2026-02-30", None),
        ("1969-12-31", NOT_OURS),
        ("0001-01-01", NOT_OURS),
        ("9999-12-31", NOT_OURS),
    ],
)
def test_an_invalid_day_is_refused(day: object, reason: str | None) -> None:
    errors = errors_in_body(ReportOrder, {"day": day})
    assert list(errors) == ["#/day"]
    assert reason in (None, errors["#/day"])


@pytest.mark.parametrize("day", ["1970-01-01", "2024-02-29", "9999-12-30"])
def test_a_day_of_the_present_is_accepted(day: str) -> None:
    assert parsed(ReportOrder, {"day": day}).day.isoformat() == day


def test_a_request_of_a_report_has_its_day_only() -> None:
    assert errors_in_body(ReportOrder, {}) == {"#/day": "is required"}
    body = {"day": "2026-03-02", "force": True}
    assert errors_in_body(ReportOrder, body) == {"#/force": UNKNOWN}


@pytest.mark.parametrize("kind", [ReportQuery, ChartQuery])
def test_a_wrong_parameter_is_refused_by_name(kind: type[Schema]) -> None:
    assert errors_in_query(kind, ("from", "x")) == {"from": NO_DAY}
    assert errors_in_query(kind, ("to", "1969-12-31")) == {"to": NOT_OURS}
    assert errors_in_query(kind, ("from_day", "2026-03-02")) == {"from_day": "is not a parameter"}
    pairs = [("from", "2026-03-03"), ("to", "2026-03-02")]
    assert errors_in_query(kind, *pairs) == {"to": "must not be before from"}
