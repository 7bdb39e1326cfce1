"""Log-ins, passwords and tokens, as they come in and go out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.fields import Email, Password, SentPassword, Text

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_PASSWORD = "correct horse battery staple"  # nosec B105  # an example
_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ0eXAiOiJhY2Nlc3MifQ.c2ln"  # nosec B105  # an example, too
MAX_SESSIONS = 100
"""Log-ins of one user at the same time; one more ends the oldest."""

# Ours have about 400 characters.
SignedToken = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[A-Za-z0-9._-]+$")]


class TokenRequest(Schema):
    """A log-in, in the form of OAuth 2 (RFC 6749, section 4.3.2)."""

    grant_type: Literal["password"] = Field(
        default="password", description="Always `password`.", examples=["password"]
    )
    username: Annotated[Text, Field(min_length=1, max_length=254)] = Field(
        description="The e-mail address or the username.", examples=["ada@example.com"]
    )
    password: SentPassword = Field(description="The password.", examples=[_PASSWORD])
    scope: Annotated[str, Field(max_length=1_000)] = Field(
        default="", description="Taken from any OAuth 2 client, and not used.", examples=[""]
    )
    client_id: Annotated[str, Field(max_length=1_000)] = Field(
        default="", description="Taken from any OAuth 2 client, and not used.", examples=[""]
    )
    client_secret: Annotated[str, Field(max_length=1_000)] = Field(
        default="", description="Taken from any OAuth 2 client, and not used.", examples=[""]
    )


class TokenPair(Schema):
    """What a log-in is worth: a token for every request, and one for the next pair."""

    access_token: str = Field(
        max_length=2_000, description="Sent as `Authorization: Bearer …`.", examples=[_TOKEN]
    )
    token_type: Literal["bearer"] = Field(description="Always `bearer`.", examples=["bearer"])
    expires_in: int = Field(
        ge=1,
        le=2**31 - 1,
        description="Seconds for which the access token is good.",
        examples=[900],
    )
    refresh_token: str = Field(
        max_length=2_000,
        description="Good once, at `/auth/refresh`; used twice, it ends the log-in.",
        examples=[_TOKEN],
    )


class RefreshRequest(Schema):
    """A refresh token, to be changed for the next pair."""

    refresh_token: SignedToken = Field(description="The one of the latest pair.", examples=[_TOKEN])


class PasswordChange(Schema):
    """A user's own change of the password; every log-in ends with it."""

    current_password: SentPassword = Field(description="The password so far.", examples=[_PASSWORD])
    new_password: Password = Field(
        description="8 to 128 characters of any kind; common ones are refused.",
        examples=["wrong horse battery staple"],
    )


class PasswordForgotten(Schema):
    """Somebody who cannot log in; who has the address gets a mail."""

    email: Email = Field(
        description="The address of the user who registered.", examples=["ada@example.com"]
    )


class PasswordReset(Schema):
    """A new password, on the strength of a mail; every log-in ends with it."""

    token: SignedToken = Field(description="The token from the mail.", examples=[_TOKEN])
    new_password: Password = Field(
        description="8 to 128 characters of any kind; common ones are refused.",
        examples=["wrong horse battery staple"],
    )


class EmailVerification(Schema):
    """The proof that a user reads mails to the address."""

    token: SignedToken = Field(description="The token from the mail.", examples=[_TOKEN])


class SessionRead(Schema):
    """A log-in that is good."""

    id: UUID = Field(description="The log-in's id (UUIDv7).", examples=[_ID])
    user_agent: str = Field(
        max_length=200,
        description="What the program said of itself that logged in.",
        examples=["Mozilla/5.0"],
    )
    is_current: bool = Field(description="Whether this request belongs to it.", examples=[True])
    created_at: datetime = Field(description="When the user logged in (UTC).", examples=[_MOMENT])
    last_used_at: datetime = Field(
        description="When its tokens were last changed for new ones (UTC).", examples=[_MOMENT]
    )
    expires_at: datetime = Field(
        description="When it is over, used or not (UTC).", examples=["2026-03-02T12:00:00Z"]
    )


class SessionList(Schema):
    """The log-ins of a user that are good, the newest first."""

    items: list[SessionRead] = Field(
        max_length=MAX_SESSIONS, description="All of them.", examples=[[]]
    )
