"""Distributes tests over processes: one by one, but together if they share a slow start."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from xdist.scheduler import LoadScopeScheduling

# The tests of the first lines share the queues of one broker, which takes up to a minute to start;
# those of the other lines share a shop that a fixture of their module fills or serves, or a cache.
TOGETHER = {
    "tests/test_messaging/test_rabbitmq/": "rabbitmq",
    "tests/test_messaging/test_tracing.py": "rabbitmq",
    "tests/test_reports/test_scheduler.py": "rabbitmq",
    "tests/test_web/test_health.py": "rabbitmq",
    "tests/test_outages/": "outages",
    "tests/test_security/test_logs.py": "logs",
    "tests/test_security/rights/test_shared_rights.py": "rights",
    "tests/test_security/test_response_headers.py": "headers",
    "tests/test_deployment/test_report_script.py": "script",
    "tests/test_server/test_connections.py": "connections",
    "tests/test_demo/test_documented.py": "demo",
    "tests/test_demo/test_filled.py": "filled",
    # One fork for each entry point reads its registered areas, once.
    "tests/test_house/test_areas.py": "areas",
}
# Tests that take at least twice as long as they use a core: they wait for a time limit, a lock, or
# the start or the end of a program.
WAITING = (
    *(place for place, name in TOGETHER.items() if name == "rabbitmq"),
    "tests/test_cache/test_outages.py",
    "tests/test_database/test_sqlite/test_driver.py",
    "tests/test_database/test_unavailable/",
    "tests/test_demo/test_documented.py",
    "tests/test_gateways/payments/test_stripe_webhooks.py",
    "tests/test_gateways/test_images_in_a_bucket.py",
    "tests/test_gateways/test_stores.py",
    "tests/test_jobs/errands/test_images.py",
    "tests/test_jobs/test_price_changes.py",
    "tests/test_observability/test_access_log.py",
    "tests/test_reports/test_schedules.py",
    "tests/test_security/rights/test_shared_rights.py",
    "tests/test_server/test_connections.py",
    "tests/test_server/test_ending.py",
    "tests/test_services/test_category_moves.py",
    "tests/test_services/test_order_batches.py",
    "tests/test_web/middleware/test_time_limit.py",
    "tests/test_web/test_event_streams.py",
)


# pytest-xdist has no types; its abstract methods are for work stealing.
class Spread(LoadScopeScheduling):  # type: ignore[misc]  # pylint: disable=abstract-method
    """Assigns the groups first, and then each test; one process in three gets those that wait.

    Not `--dist loadgroup`: pytest 9.2 ignores how pytest-xdist 3.8 writes a group into a node id.
    """

    workqueue: OrderedDict[str, dict[str, bool]]
    _is_sorted = False

    def _split_scope(self, nodeid: str) -> str:
        return next((name for place, name in TOGETHER.items() if nodeid.startswith(place)), nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        if not self._is_sorted:
            self._is_sorted = True
            waiting_first = sorted(self.workqueue.items(), key=lambda item: not _waits(item[1]))
            self.workqueue = OrderedDict(waiting_first)
        others = (units for each, units in self.assigned_work.items() if each is not node)
        waiting = sum(any(map(_waits, units.values())) for units in others)
        # If several processes waited at once, the others could not use all cores.
        if waiting * 3 >= len(self.assigned_work):
            computing = (name for name, unit in self.workqueue.items() if not _waits(unit))
            self.workqueue.move_to_end(next(computing, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Forget completed units, or each report would count the tests of all of them."""
        units = self.assigned_work[node]
        super().mark_test_complete(node, item_index, duration)
        for name in [name for name, unit in units.items() if all(unit.values())]:
            del units[name]


def _waits(unit: Mapping[str, bool]) -> bool:
    return next(iter(unit)).startswith(WAITING)
