"""The VAT number of the shop must be of its country, and is stored without separators."""

import pytest

from app.settings import InvalidSettings, get_settings

pytestmark = pytest.mark.usefixtures("no_settings")


@pytest.mark.parametrize(
    ("origin", "number", "kept"),
    [("DE", "de 136 695 976", "DE136695976"), ("GR", "EL 094259216", "EL094259216")],
)
def test_the_vat_number_of_the_shop_is_stored_without_separators(
    monkeypatch: pytest.MonkeyPatch, origin: str, number: str, kept: str
) -> None:
    monkeypatch.setenv("TAX_ORIGIN", origin)
    monkeypatch.setenv("SHOP_VAT_ID", number)
    assert get_settings().shop_vat_id == kept


@pytest.mark.parametrize(
    ("origin", "number", "reason"),
    [
        ("AT", "DE136695976", "must be a VAT number of TAX_ORIGIN, which is AT"),
        (None, "DE136695976", "must be a VAT number of TAX_ORIGIN, which is unset"),
        ("DE", "DE136695977", "has a wrong check digit; it must be a VAT number of DE, like DE136"),
    ],
)
def test_a_vat_number_that_is_invalid_or_of_another_country_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, origin: str | None, number: str, reason: str
) -> None:
    if origin is not None:
        monkeypatch.setenv("TAX_ORIGIN", origin)
    monkeypatch.setenv("SHOP_VAT_ID", number)
    with pytest.raises(InvalidSettings, match=f"SHOP_VAT_ID: {reason}"):
        get_settings()
