"""Users and their addresses: requests and responses."""

from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import Field, model_validator

from app.core.countries import NEED_NO_CITY, NEED_POSTAL_CODE
from app.models import UserRole
from app.schemas.base import Change, MemberError, Schema, omitted, unchanged
from app.schemas.fields import (
    Country,
    Email,
    Line,
    LineOrNothing,
    Ordinal,
    Password,
    SentPassword,
    Text,
    Username,
)
from app.schemas.page_schema import MAX_ITEMS, CountedPage, CountedQuery, Next

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
EXAMPLE_ADDRESS: dict[str, Any] = {
    "recipient": "Ada Lovelace",
    "street": "12 St James's Square",
    "city": "London",
    "region": "",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}
_MOMENT = "2026-01-31T12:00:00Z"
MAX_ADDRESSES = 100
_CITY = "The city or town; may be empty where addresses have none, as in Singapore."
_POSTAL_CODE = "The postal code; may be empty where a letter arrives without one, as in Hong Kong."
_RECIPIENT = "The recipient of deliveries; may be empty."
_COMPANY = "The company of the recipient; may be empty."
_LINE2 = "The line below the street, such as the floor; may be empty."
_PHONE = "The telephone number for the delivery; may be empty."
_BILLING = "Whether this is the default billing address, of which a user has at most one."

Name = Annotated[Line, Field(max_length=100)]
SecondName = Annotated[LineOrNothing, Field(max_length=100)]
City = Annotated[LineOrNothing, Field(max_length=100)]
Street = Annotated[Line, Field(max_length=200)]
PostalCode = Annotated[LineOrNothing, Field(max_length=20)]
SecondLine = Annotated[LineOrNothing, Field(max_length=200)]
Phone = Annotated[LineOrNothing, Field(max_length=40)]


class UserFields(Schema):
    """The data of a user."""

    email: Email = Field(description="The e-mail address; unique.", examples=["ada@example.com"])
    username: Username = Field(description="The public name; unique.", examples=["ada"])
    first_name: Name = Field(
        description="The given name, or the only name of a person who has one.", examples=["Ada"]
    )
    last_name: SecondName = Field(
        default="",
        description="The family name; may be empty.",
        examples=["Lovelace"],
    )


class UserCreate(UserFields):
    """A registration."""

    password: Password = Field(
        description="8 to 128 characters of any kind; common passwords are rejected.",
        examples=["correct horse battery staple"],
    )


class UserChange(Change):
    """A change of a user."""

    email: Email = unchanged(
        description="The e-mail address; unique.", examples=["ada@example.org"]
    )
    username: Username = unchanged(description="The public name; unique.", examples=["ada.l"])
    first_name: Name = unchanged(description="The given name.", examples=["Ada"])
    last_name: SecondName = unchanged(
        description="The family name; may be empty.", examples=["King"]
    )
    current_password: SentPassword = unchanged(
        description="The user's password; required if a user changes the e-mail address.",
        examples=["correct horse battery staple"],
    )


class UserAccessChange(Change):
    """A change of a user's rights."""

    role: UserRole = unchanged(
        description="The role, which defines the user's rights.", examples=["staff"]
    )
    is_active: bool = unchanged(
        strict=True, description="Whether the user may log in.", examples=[False]
    )


class UserRead(Schema):
    """A user in a response."""

    id: UUID = Field(description="The user's id (UUIDv7).", examples=[_ID])
    email: str = Field(
        max_length=320, description="The e-mail address.", examples=["ada@example.com"]
    )
    username: str = Field(max_length=64, description="The public name.", examples=["ada"])
    first_name: str = Field(max_length=100, description="The given name.", examples=["Ada"])
    last_name: str = Field(
        max_length=100, description="The family name; may be empty.", examples=["Lovelace"]
    )
    role: UserRole = Field(
        description="The role, which defines the user's rights.", examples=["customer"]
    )
    is_active: bool = Field(
        description="Whether the user may log in and place orders.", examples=[True]
    )
    is_email_verified: bool = Field(
        description="Whether the user has proved access to the e-mail address.", examples=[True]
    )
    created_at: datetime = Field(description="When the user registered (UTC).", examples=[_MOMENT])
    updated_at: datetime = Field(
        description="When the user was last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])


class UserPage(CountedPage):
    """A page of users, newest first."""

    items: list[UserRead] = Field(
        max_length=MAX_ITEMS, description="The users of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class UserQuery(CountedQuery):
    """The filters of users."""

    role: UserRole | None = Field(
        default=None, description="Only users with this role.", examples=["customer"]
    )
    email: Text | None = Field(
        default=None,
        max_length=254,
        description="Only the user with this e-mail address.",
        examples=["ada@example.com"],
    )


class PostalAddress(Schema):
    """A postal address; empty fields that were added after the first version are left out."""

    recipient: SecondLine = omitted("", description=_RECIPIENT, examples=["Ada Lovelace"])
    company: SecondLine = omitted("", description=_COMPANY, examples=["Analytical Engines Ltd"])
    street: Street = Field(description="Street and number.", examples=["12 St James's Square"])
    line2: SecondLine = omitted("", description=_LINE2, examples=["2nd floor"])
    city: City = Field(default="", description=_CITY, examples=["London"])
    region: Text = Field(
        default="",
        max_length=100,
        description="State, province or county, where the country uses them.",
        examples=["Greater London"],
    )
    postal_code: PostalCode = Field(default="", description=_POSTAL_CODE, examples=["SW1Y 4JH"])
    country: Country = Field(description="The country's ISO 3166-1 alpha-2 code.", examples=["GB"])
    phone: Phone = omitted("", description=_PHONE, examples=["+44 20 7946 0000"])


AnyAddress = TypeVar("AnyAddress", bound=PostalAddress)


def incomplete_members(city: str, postal_code: str, country: str) -> list[tuple[str, str]]:
    """Return the fields that an address lacks in its country, and why."""
    lacks_city = not city and country not in NEED_NO_CITY
    lacks_code = not postal_code and country in NEED_POSTAL_CODE
    named = {"city": lacks_city, "postal_code": lacks_code}
    return [(name, f"is required in {country}") for name, is_lacking in named.items() if is_lacking]


def complete_address(address: AnyAddress) -> AnyAddress:
    """Return a new address, which has the fields that its country requires.

    Stored ones are not checked: they may be older than a rule.
    """
    for member, reason in incomplete_members(address.city, address.postal_code, address.country):
        raise MemberError(member, reason)
    return address


class AddressCreate(PostalAddress):
    """A new address of a user."""

    _is_complete = model_validator(mode="after")(complete_address)

    is_primary: bool = Field(
        default=False,
        strict=True,
        description="Whether this is the default delivery address, as the first one always is.",
        examples=[True],
    )
    is_default_billing: bool = Field(
        default=False, strict=True, description=_BILLING, examples=[True]
    )


class AddressChange(Change):
    """A change of an address."""

    recipient: SecondLine = unchanged(description=_RECIPIENT, examples=["Ada King"])
    company: SecondLine = unchanged(description=_COMPANY, examples=["Analytical Engines Ltd"])
    street: Street = unchanged(description="Street and number.", examples=["6 Harley Street"])
    line2: SecondLine = unchanged(description=_LINE2, examples=["2nd floor"])
    city: City = unchanged(description=_CITY, examples=["London"])
    region: Text = unchanged(
        max_length=100,
        description="State, province or county, where the country uses them.",
        examples=["Greater London"],
    )
    postal_code: PostalCode = unchanged(description=_POSTAL_CODE, examples=["W1G 9PD"])
    country: Country = unchanged(
        description="The country's ISO 3166-1 alpha-2 code.", examples=["GB"]
    )
    is_primary: bool = unchanged(
        strict=True,
        description="True makes this the default delivery address in place of the previous one.",
        examples=[True],
    )
    phone: Phone = unchanged(description=_PHONE, examples=["+44 20 7946 0000"])
    is_default_billing: bool = unchanged(
        strict=True,
        description="True makes this the default billing address in place of the previous one, and "
        "false leaves the user without one.",
        examples=[True],
    )


class AddressRead(Schema):
    """An address in a response."""

    id: UUID = Field(description="The address's id (UUIDv7).", examples=[_ID])
    recipient: str = omitted(
        "", max_length=200, description="The recipient of deliveries.", examples=["Ada King"]
    )
    company: str = omitted(
        "", max_length=200, description="The company of the recipient.", examples=["Engines Ltd"]
    )
    street: str = Field(
        max_length=200, description="Street and number.", examples=["12 St James's Square"]
    )
    line2: str = omitted(
        "", max_length=200, description="The line below the street.", examples=["2nd floor"]
    )
    city: str = Field(
        max_length=100, description="The city or town; may be empty.", examples=["London"]
    )
    region: str = Field(
        max_length=100,
        description="State, province or county; may be empty.",
        examples=["Greater London"],
    )
    postal_code: str = Field(
        max_length=20, description="The postal code; may be empty.", examples=["SW1Y 4JH"]
    )
    country: str = Field(
        max_length=2, description="The country's ISO 3166-1 alpha-2 code.", examples=["GB"]
    )
    phone: str = omitted(
        "", max_length=40, description="The telephone number.", examples=["+44 20 7946 0000"]
    )
    is_primary: bool = Field(
        description="Whether this is the default delivery address.", examples=[True]
    )
    is_default_billing: bool = omitted(
        False, description="Whether this is the default billing address.", examples=[True]
    )
    created_at: datetime = Field(
        description="When the address was added (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the address was last changed (UTC).", examples=[_MOMENT]
    )


class AddressList(Schema):
    """The addresses of a user, oldest first."""

    items: list[AddressRead] = Field(
        max_length=MAX_ADDRESSES, description="All addresses of the user.", examples=[[]]
    )
