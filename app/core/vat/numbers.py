"""VAT numbers: their check without a network, and the form in which they are stored."""

import re

from app.core.countries import EU_COUNTRIES

MAX_VAT_NUMBER = 20
"""The length of the longest number that is stored; a typed number may also have separators."""

GREECE, NORTHERN_IRELAND = "EL", "XI"
"""The letters of countries that do not use their code of ISO 3166-1."""

_EXAMPLES = {
    **{"AT": "ATU13585627", "BE": "BE0428759497", "BG": "BG175074752", "CH": "CHE107787577MWST"},
    **{"CY": "CY10259033P", "CZ": "CZ25123891", "DE": "DE136695976", "DK": "DK13585628"},
    **{"EE": "EE100594102", "EL": "EL094259216", "ES": "ESB64717838", "FI": "FI20774740"},
    **{"FR": "FR23334175221", "GB": "GB980780684", "HR": "HR33392005961", "HU": "HU12892312"},
    **{"IE": "IE6433435F", "IT": "IT00743110157", "LT": "LT119511515", "LU": "LU15027442"},
    **{"LV": "LV40003521600", "MT": "MT11679112", "NL": "NL004495445B01", "NO": "NO995525828MVA"},
    **{"PL": "PL8567346215", "PT": "PT501964843", "RO": "RO18547290", "SE": "SE556042722001"},
    **{"SI": "SI50223054", "SK": "SK2022749619", "XI": "XI980780684"},
}
# For other countries, the library removes the letters; a French number may begin with FR again.
_KEPT_LETTERS = frozenset({"CH", "RO"})
_SEPARATORS = re.compile(r"[\s./-]+")
# Numbers of Ireland may have a plus or an asterisk.
_SHAPE = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,18}")


def vat_number(text: str) -> str:
    """Return a VAT number as it is stored: in capital letters, and without separators.

    Only the state knows whether the number was issued and is still in force.

    Raises:
        ValueError: the text is not a VAT number; the message says why.
    """
    typed = _SEPARATORS.sub("", text).upper()
    letters = GREECE if typed[:2] == "GR" else typed[:2]
    if letters not in _EXAMPLES:
        raise ValueError(
            "must begin with the two letters of a member state of the EU, as in DE136695976, "
            "or with CH, GB, NO or XI; those of Greece are EL"
        )
    like = f"must be a VAT number of {letters}, like {_EXAMPLES[letters]}"
    if not _SHAPE.fullmatch(typed):
        raise ValueError(like)
    return _checked(letters, typed[2:], like)


def country_of(number: str) -> str:
    """Return the country of a stored VAT number; of Northern Ireland, `XI`."""
    return "GR" if number[:2] == GREECE else number[:2]


def is_of_member_state(number: str) -> bool:
    """Return whether a stored VAT number is one of a member state of the EU, for goods.

    Northern Ireland counts as one for goods, by the protocol to the withdrawal agreement.
    """
    return country_of(number) in EU_COUNTRIES | {NORTHERN_IRELAND}


def _checked(letters: str, number: str, like: str) -> str:
    # The library, and its module for a country, are imported for the first number that needs them.
    from stdnum import util  # pylint: disable=import-outside-toplevel
    from stdnum.exceptions import (  # pylint: disable=import-outside-toplevel
        InvalidChecksum,
        ValidationError,
    )

    module = util.get_cc_module({GREECE: "gr", NORTHERN_IRELAND: "gb"}.get(letters, letters), "vat")
    if module is None:
        raise ValueError(like)
    try:
        found: str = module.validate(letters + number)
    except InvalidChecksum as error:
        raise ValueError(f"has a wrong check digit; it {like}") from error
    except ValidationError as error:
        raise ValueError(like) from error
    return found if letters in _KEPT_LETTERS else letters + found
