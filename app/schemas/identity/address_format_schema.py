"""The form of the addresses of a country: responses."""

from pydantic import Field

from app.schemas.base import Schema, omitted

_MAX_FIELDS, _MAX_REGIONS = 20, 500


class AddressField(Schema):
    """A field of an address in a form."""

    name: str = Field(
        max_length=40, description="The name of the field in an address.", examples=["postal_code"]
    )
    label_key: str = Field(
        max_length=40,
        description="The country's name of the field, as a key for translations.",
        examples=["zip"],
    )
    label: str = Field(max_length=100, description="The label in English.", examples=["ZIP code"])
    is_required: bool = Field(
        description="Whether an address without it is incomplete at checkout.", examples=[True]
    )
    pattern: str | None = omitted(
        max_length=1_000,
        description="The regular expression that the field matches, in capitals and without the "
        "prefix of the country, such as `CH-`.",
        examples=[r"^(?:(\d{5})(?:[ \-](\d{4}))?)$"],
    )
    example: str | None = omitted(max_length=40, description="A valid value.", examples=["95014"])


class AddressRegion(Schema):
    """A region of a country."""

    code: str = Field(
        max_length=100, description="The value for the field `region`.", examples=["CA"]
    )
    name: str = Field(
        max_length=100, description="The name in the Latin script.", examples=["California"]
    )


class AddressFormat(Schema):
    """The form of the addresses of a country."""

    country: str = Field(
        max_length=2, description="The country's ISO 3166-1 alpha-2 code.", examples=["US"]
    )
    fields: list[AddressField] = Field(
        max_length=_MAX_FIELDS,
        description="The fields in the order of the country.",
        examples=[[]],
    )
    regions: list[AddressRegion] = Field(
        max_length=_MAX_REGIONS,
        description="The regions; empty if addresses have none or any text is accepted. If "
        "`region` is required, it is one of these, by code or by name.",
        examples=[[]],
    )
