"""What the shop says about its own health."""

from typing import Literal

from pydantic import Field

from app.schemas.base import Schema


class Liveness(Schema):
    """The process answers."""

    status: Literal["ok"] = Field(description="Always `ok`.", examples=["ok"])


class DependencyHealth(Schema):
    """One process that the shop depends on."""

    status: Literal["ok", "down"] = Field(description="Whether it answered.", examples=["ok"])
    latency_ms: float | None = Field(
        description="How long the answer took; null without one.", examples=[0.4]
    )


class Readiness(Schema):
    """Whether the shop can serve, and each dependency with its latency."""

    status: Literal["ok", "degraded", "down"] = Field(
        description="`ok` when every dependency is; `degraded` when the shop serves without one; "
        "`down` when it cannot serve.",
        examples=["ok"],
    )
    dependencies: dict[str, DependencyHealth] = Field(
        description="By name.", examples=[{"database": {"status": "ok", "latency_ms": 0.4}}]
    )
