"""Distributes tests over processes: one by one, but together if they share a slow start."""

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


# pytest-xdist has no types; its abstract methods are for work stealing.
class Spread(LoadScopeScheduling):  # type: ignore[misc]  # pylint: disable=abstract-method
    """Assigns the groups first, and then each test to a free process.

    Not `--dist loadgroup`: pytest 9.2 ignores how pytest-xdist 3.8 writes a group into a node id.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((name for place, name in TOGETHER.items() if nodeid.startswith(place)), nodeid)
