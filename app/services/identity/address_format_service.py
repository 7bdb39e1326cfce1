"""The form of the addresses of each country."""

from app.core.addresses.formats import AddressForm, form_of
from app.core.countries import COUNTRIES
from app.errors import CountryNotFound
from app.schemas.identity.address_format_schema import AddressField, AddressFormat, AddressRegion

# The keys are the words of the data; other words become labels with a capital letter.
_LABELS = {
    "street": "Street and number",
    "line2": "Floor, building or district",
    "postal": "Postal code",
    "zip": "ZIP code",
    "pin": "PIN code",
    "post_town": "Town or city",
    "do_si": "Province or city",
}


class AddressFormatService:
    """Returns the parts of the addresses of a country."""

    def of_country(self, code: str) -> AddressFormat:
        """Return the form of the addresses of a country.

        Raises:
            CountryNotFound: no country has this code.
        """
        if code not in COUNTRIES:
            raise CountryNotFound("no country of ISO 3166-1 has this code")
        form = form_of(code)
        return AddressFormat(
            country=code,
            fields=[_field(form, name) for name in form.fields],
            regions=[AddressRegion(code=each.code, name=each.name) for each in form.regions],
        )


def _field(form: AddressForm, name: str) -> AddressField:
    kind = form.kinds[name]
    is_code, pattern = name == "postal_code", form.postal_code_pattern
    return AddressField(
        name=name,
        label_key=kind,
        label=_LABELS.get(kind, kind.capitalize()),
        is_required=name in form.required,
        pattern=f"^(?:{pattern})$" if is_code and pattern else None,
        example=form.postal_code_example if is_code else None,
    )
