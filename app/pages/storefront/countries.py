"""The countries that a person chooses from."""

from app.documents.wording import wording_of


def country_choices() -> list[tuple[str, str]]:
    """Return the code and the English name of each country, in the order of the names."""
    return sorted(wording_of(None).countries.items(), key=lambda each: each[1])
