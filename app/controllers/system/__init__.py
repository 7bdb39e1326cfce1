"""Audit trail, mail, idempotency, health and clock."""

from litestar.openapi.spec import Tag

from app.controllers.system.audit_controller import AuditController
from app.controllers.system.clock_controller import ClockController
from app.controllers.system.health_controller import HealthController
from app.controllers.system.metrics_controller import MetricsController

CONTROLLERS = (AuditController,)
TEST_CONTROLLERS = (ClockController,)
"""Those of a shop whose clock can be moved."""
ROOT_CONTROLLERS = (HealthController, MetricsController)
"""Those that are no part of the API."""
TAGS = (
    Tag("audit", "What may have to be accounted for."),
    Tag("health", "Whether the shop is well."),
)
