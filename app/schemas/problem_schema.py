"""How a refusal looks (RFC 9457)."""

from pydantic import ConfigDict, Field

from app.schemas.base import Schema


class FieldError(Schema):
    """One field, parameter or header that is wrong, and why."""

    pointer: str | None = Field(
        default=None, description="The field, as a JSON pointer.", examples=["#/price"]
    )
    parameter: str | None = Field(
        default=None, description="The query parameter.", examples=["limit"]
    )
    header: str | None = Field(
        default=None, description="The header.", examples=["Idempotency-Key"]
    )
    detail: str = Field(description="What is wrong with it.", examples=["must not be negative"])


class Problem(Schema):
    """A refusal; some codes add members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="The kind of problem.", examples=["urn:problem:insufficient-stock"]
    )
    title: str = Field(
        description="The kind of problem in words.", examples=["Not enough in stock"]
    )
    status: int = Field(description="The HTTP status.", examples=[409])
    detail: str = Field(
        description="What happened this time.", examples=["3 asked for, 2 in stock"]
    )
    errors: list[FieldError] | None = Field(
        default=None,
        description="Each wrong field with its reason.",
        examples=[[{"pointer": "#/price", "detail": "must not be negative"}]],
    )
