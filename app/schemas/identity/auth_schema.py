"""Log-ins, passwords and tokens: requests and responses."""

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.errors import InvalidToken
from app.schemas.base import Schema
from app.schemas.fields import Email, Password, SentPassword, Text

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_PASSWORD = "correct horse battery staple"  # nosec B105  # an example
_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ0eXAiOiJhY2Nlc3MifQ.c2ln"  # nosec B105  # an example, too
_SIGNED = r"^[A-Za-z0-9._-]+$"
MAX_SESSIONS = 100
"""The maximum number of log-ins of a user; another one ends the oldest."""

# The shop's tokens have about 400 characters.
SignedToken = Annotated[str, Field(min_length=1, max_length=2_000, pattern=_SIGNED)]


_Ignored = Annotated[
    str,
    Field(
        max_length=1_000,
        description="Accepted for OAuth 2 clients, but ignored.",
        examples=[""],
    ),
]


class TokenRequest(Schema):
    """A log-in in the format of OAuth 2 (RFC 6749, section 4.3.2)."""

    grant_type: Literal["password"] = Field(
        default="password", description="Always `password`.", examples=["password"]
    )
    username: Annotated[Text, Field(min_length=1, max_length=254)] = Field(
        description="The e-mail address or the username.", examples=["ada@example.com"]
    )
    password: SentPassword = Field(description="The password.", examples=[_PASSWORD])
    scope: _Ignored = ""
    client_id: _Ignored = ""
    client_secret: _Ignored = ""


class TokenPair(Schema):
    """The tokens of a log-in: one for requests, and one for the next pair."""

    access_token: str = Field(
        max_length=2_000,
        description="The token to send as `Authorization: Bearer …`.",
        examples=[_TOKEN],
    )
    token_type: Literal["bearer"] = Field(description="Always `bearer`.", examples=["bearer"])
    expires_in: int = Field(
        ge=1,
        le=2**31 - 1,
        description="The validity of the access token in seconds.",
        examples=[900],
    )
    refresh_token: str = Field(
        max_length=2_000,
        description="Valid once, at `/auth/refresh`; a second use ends the log-in.",
        examples=[_TOKEN],
    )


class RefreshRequest(Schema):
    """A refresh token, to exchange for the next pair."""

    refresh_token: SignedToken = Field(
        description="The refresh token of the latest pair.", examples=[_TOKEN]
    )


class Grant(Schema):
    """A form by which OAuth 2 clients ask for tokens (RFC 6749); unknown fields are ignored."""

    # RFC 6749, section 3.2: unrecognized parameters are ignored.
    model_config = ConfigDict(extra="ignore")

    scope: _Ignored = ""
    client_id: _Ignored = ""
    client_secret: _Ignored = ""

    def content(self) -> dict[str, str]:
        """Return the members of the JSON document that the form represents."""
        return self.model_dump(exclude={"grant_type", *Grant.model_fields})


class RefreshGrant(Grant):
    """A refresh token in the format of OAuth 2 (RFC 6749, section 6)."""

    grant_type: Literal["refresh_token"] = Field(
        description="Always `refresh_token`.", examples=["refresh_token"]
    )
    refresh_token: Annotated[str, Field(min_length=1, max_length=2_000)] = Field(
        description="The refresh token of the latest pair.", examples=[_TOKEN]
    )

    def content(self) -> dict[str, str]:
        """Return the members of a `RefreshRequest`.

        Raises:
            InvalidToken: the token has characters that no token of the shop has.
        """
        if not re.fullmatch(_SIGNED, self.refresh_token):
            raise InvalidToken("the token was not issued by this shop")
        return super().content()


class GrantRefusal(Schema):
    """A refusal of a form of OAuth 2 (RFC 6749, section 5.2)."""

    error: Literal["invalid_request", "invalid_grant", "unsupported_grant_type"] = Field(
        description="The code of RFC 6749.", examples=["invalid_grant"]
    )
    error_description: str = Field(
        max_length=1_000,
        description="The reason, in ASCII.",
        examples=["the token has expired"],
    )


class PasswordChange(Schema):
    """A change of the caller's own password, which ends every log-in."""

    current_password: SentPassword = Field(
        description="The current password.", examples=[_PASSWORD]
    )
    new_password: Password = Field(
        description="8 to 128 characters of any kind; common passwords are rejected.",
        examples=["wrong horse battery staple"],
    )


class PasswordForgotten(Schema):
    """A request for a password reset, which is sent to the address."""

    email: Email = Field(
        description="The e-mail address of the user.", examples=["ada@example.com"]
    )


class PasswordReset(Schema):
    """A new password, with the token from an e-mail; it ends every log-in."""

    token: SignedToken = Field(description="The token from the e-mail.", examples=[_TOKEN])
    new_password: Password = Field(
        description="8 to 128 characters of any kind; common passwords are rejected.",
        examples=["wrong horse battery staple"],
    )


class EmailVerification(Schema):
    """The token that proves access to an e-mail address."""

    token: SignedToken = Field(description="The token from the e-mail.", examples=[_TOKEN])


class SessionRead(Schema):
    """An active log-in."""

    id: UUID = Field(description="The log-in's id (UUIDv7).", examples=[_ID])
    user_agent: str = Field(
        max_length=200,
        description="The `User-Agent` of the client that logged in.",
        examples=["Mozilla/5.0"],
    )
    is_current: bool = Field(
        description="Whether this request belongs to the log-in.", examples=[True]
    )
    created_at: datetime = Field(description="When the user logged in (UTC).", examples=[_MOMENT])
    last_used_at: datetime = Field(
        description="When the tokens were last refreshed (UTC).", examples=[_MOMENT]
    )
    expires_at: datetime = Field(
        description="When the log-in expires, whether it is used or not (UTC).",
        examples=["2026-03-02T12:00:00Z"],
    )


class SessionList(Schema):
    """The active log-ins of a user, newest first."""

    items: list[SessionRead] = Field(
        max_length=MAX_SESSIONS, description="All active log-ins.", examples=[[]]
    )
