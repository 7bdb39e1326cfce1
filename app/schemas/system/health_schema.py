"""The health of the shop."""

from typing import Literal

from pydantic import Field

from app.schemas.base import Schema


class Liveness(Schema):
    """The response of a running process."""

    status: Literal["ok"] = Field(description="Always `ok`.", examples=["ok"])


class DependencyHealth(Schema):
    """The state of one dependency."""

    status: Literal["ok", "down"] = Field(
        description="Whether the dependency answered.", examples=["ok"]
    )
    latency_ms: float | None = Field(
        description="The response time in milliseconds; null without a response.", examples=[0.4]
    )


class Readiness(Schema):
    """Whether the shop can serve, and the state of each dependency."""

    status: Literal["ok", "degraded", "down"] = Field(
        description="`ok` if every dependency answers; `degraded` if the shop serves without one; "
        "`down` if it cannot serve.",
        examples=["ok"],
    )
    dependencies: dict[str, DependencyHealth] = Field(
        description="The dependencies by name.",
        examples=[{"database": {"status": "ok", "latency_ms": 0.4}}],
    )
