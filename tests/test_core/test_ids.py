"""Identifiers are UUIDs of version 7, which sort by their time."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from app.core.ids import derived_id, new_id

# RFC 9562, appendix A.6: February 22, 2022 2:22:22.00 PM GMT-05:00.
MOMENT = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
MILLISECONDS = 0x017F22E279B0


def milliseconds_of(identifier: UUID) -> int:
    """Return the time in an identifier, in milliseconds since 1970."""
    return identifier.int >> 80


def test_an_id_is_a_uuid_of_version_7() -> None:
    for identifier in (new_id(MOMENT), derived_id(MOMENT, "user", "1")):
        assert (identifier.version, identifier.variant) == (7, RFC_4122)
        assert milliseconds_of(identifier) == MILLISECONDS


def test_the_time_in_an_id_has_milliseconds_and_no_more() -> None:
    assert milliseconds_of(new_id(MOMENT + timedelta(microseconds=999))) == MILLISECONDS
    assert milliseconds_of(new_id(MOMENT + timedelta(milliseconds=1))) == MILLISECONDS + 1
    assert milliseconds_of(new_id(datetime(1970, 1, 1, tzinfo=UTC))) == 0


def test_moments_before_1970_have_the_first_time_of_an_id() -> None:
    for moment in (datetime(1969, 12, 31, 23, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)):
        assert milliseconds_of(new_id(moment)) == 0
        assert derived_id(moment, "order", "1") != derived_id(moment, "order", "2")


def test_ids_sort_by_their_time() -> None:
    moments = [MOMENT + timedelta(milliseconds=each) for each in range(1000)]
    identifiers = [new_id(moment) for moment in moments]
    assert sorted(identifiers) == identifiers
    assert sorted(str(each) for each in identifiers) == [str(each) for each in identifiers]


def test_the_time_zone_of_a_moment_does_not_matter() -> None:
    elsewhere = MOMENT.astimezone(tz=datetime.strptime("+0530", "%z").tzinfo)
    assert derived_id(elsewhere, "user", "1") == derived_id(MOMENT, "user", "1")


def test_ids_of_one_millisecond_differ() -> None:
    identifiers = {new_id(MOMENT) for _ in range(10_000)}
    assert len(identifiers) == 10_000
    # 74 bits are random: each of them is set in some and not in others.
    ones = zeros = 0
    for identifier in identifiers:
        ones |= identifier.int
        zeros |= ~identifier.int
    random_bits = (1 << 80) - 1 & ~(0xF << 76) & ~(0x3 << 62)
    assert ones & zeros & ((1 << 128) - 1) == random_bits


def test_a_derived_id_is_always_the_same() -> None:
    expected = UUID("017f22e2-79b0-773e-8cd7-0aaf63ff590a")
    assert derived_id(MOMENT, "order", "17") == expected


def test_a_derived_id_depends_on_all_of_its_source() -> None:
    sources = [
        (MOMENT, "order", "17"),
        (MOMENT, "order", "1"),
        (MOMENT, "user", "17"),
        (MOMENT, "order1", "7"),
        (MOMENT, "order\x001", "7"),
        (MOMENT + timedelta(milliseconds=1), "order", "17"),
    ]
    assert len({derived_id(*source) for source in sources}) == len(sources)
