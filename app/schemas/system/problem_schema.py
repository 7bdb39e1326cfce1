"""The problem document (RFC 9457)."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.schemas.base import Schema

MAX_ERRORS = 100
MAX_WORDS = 1_000
"""The maximum length of a text in a problem; some texts quote the request."""

Words = Annotated[str, Field(max_length=MAX_WORDS)]


class FieldError(Schema):
    """A wrong field, parameter or header, and the reason."""

    pointer: Words | None = Field(
        default=None, description="The field, as a JSON pointer.", examples=["#/price"]
    )
    parameter: Words | None = Field(
        default=None, description="The query parameter.", examples=["limit"]
    )
    header: Words | None = Field(
        default=None, description="The header.", examples=["Idempotency-Key"]
    )
    detail: Words = Field(
        description="The reason why the value is wrong.", examples=["must not be negative"]
    )


class Problem(Schema):
    """A problem; some kinds add their own members."""

    model_config = ConfigDict(extra="allow")

    type: Words = Field(
        description="The URN of the kind of problem.", examples=["urn:problem:insufficient-stock"]
    )
    title: Words = Field(
        description="The title of the kind of problem.", examples=["Not enough in stock"]
    )
    status: Annotated[int, Field(ge=400, le=599)] = Field(
        description="The HTTP status.", examples=[409]
    )
    detail: Words = Field(
        description="The details of this occurrence.", examples=["3 asked for, 2 in stock"]
    )
    errors: Annotated[list[FieldError], Field(max_length=MAX_ERRORS)] | None = Field(
        default=None,
        description="The wrong fields with their reasons, at most 100.",
        examples=[[{"pointer": "#/price", "detail": "must not be negative"}]],
    )
