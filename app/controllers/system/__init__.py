"""Audit trail, mail, idempotency, health and clock."""

from litestar.openapi.spec import Tag

from app.controllers.system.audit_controller import AuditController
from app.controllers.system.clock_controller import ClockController
from app.controllers.system.health_controller import HealthController
from app.controllers.system.home_controller import HomeController
from app.controllers.system.metrics_controller import MetricsController

CONTROLLERS = (AuditController,)
TEST_CONTROLLERS = (ClockController,)
"""Controllers of a shop whose clock can be moved."""
ROOT_CONTROLLERS = (HealthController, MetricsController)
"""Controllers that are not part of the API."""
HOME_CONTROLLERS = (HomeController,)
"""Controllers of a shop without a storefront."""
TAGS = (
    Tag("audit", "The audit trail."),
    Tag("health", "Health of the shop."),
)
