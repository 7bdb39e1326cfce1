"""How a refusal looks (RFC 9457)."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.schemas.base import Schema

MAX_ERRORS = 100
MAX_WORDS = 1_000
"""The longest text of a problem; some repeat what the caller has sent."""

Words = Annotated[str, Field(max_length=MAX_WORDS)]


class FieldError(Schema):
    """One field, parameter or header that is wrong, and why."""

    pointer: Words | None = Field(
        default=None, description="The field, as a JSON pointer.", examples=["#/price"]
    )
    parameter: Words | None = Field(
        default=None, description="The query parameter.", examples=["limit"]
    )
    header: Words | None = Field(
        default=None, description="The header.", examples=["Idempotency-Key"]
    )
    detail: Words = Field(description="What is wrong with it.", examples=["must not be negative"])


class Problem(Schema):
    """A refusal; some codes add members of their own."""

    model_config = ConfigDict(extra="allow")

    type: Words = Field(
        description="The kind of problem.", examples=["urn:problem:insufficient-stock"]
    )
    title: Words = Field(
        description="The kind of problem in words.", examples=["Not enough in stock"]
    )
    status: Annotated[int, Field(ge=400, le=599)] = Field(
        description="The HTTP status.", examples=[409]
    )
    detail: Words = Field(
        description="What happened this time.", examples=["3 asked for, 2 in stock"]
    )
    errors: Annotated[list[FieldError], Field(max_length=MAX_ERRORS)] | None = Field(
        default=None,
        description="Each wrong field with its reason, the first 100 of them.",
        examples=[[{"pointer": "#/price", "detail": "must not be negative"}]],
    )
