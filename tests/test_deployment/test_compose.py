"""The guarantees of docker-compose.yml for every container, read like Compose."""

import re
from typing import Any

import pytest
import yaml

from app.configuration.libraries import LIBRARY_VARIABLES
from app.configuration.loading import OF_CONTAINERS
from app.settings import setting_names
from tests.support.processes import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
PROMISED = (
    "POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB PGADMIN_DEFAULT_EMAIL PGADMIN_DEFAULT_PASSWORD "
    "DB_HOST DB_PORT HOST PORT RABBITMQ_HOST RABBITMQ_PORT RABBITMQ_VHOST RABBITMQ_USER "
    "RABBITMQ_PASSWORD REDIS_HOST REDIS_PORT REDIS_DB REDIS_DECODE_RESPONSES"
).split()
SHOP = ("web", "web-2", "worker", "taskiq-worker", "taskiq-scheduler")
# Their images write their configuration into their own file systems when they start.
WRITING = ("pgadmin", "rabbitmq")
# A container of the shop listens on all its own addresses, at its own port.
NOT_FOR_CONTAINERS = {"HOST", "PORT", "DATA_DIR"}


def test_every_documented_service_exists() -> None:
    by_default = {name for name, service in SERVICES.items() if "profiles" not in service}
    third_party = {"db", "pgadmin", "rabbitmq", "redis"}
    assert by_default == third_party | {"web", "worker", "taskiq-worker", "taskiq-scheduler"}
    images = {name: SERVICES[name]["image"] for name in third_party}
    assert images == {
        "db": "postgres:17",
        "pgadmin": "dpage/pgadmin4",
        "rabbitmq": "rabbitmq:3-management",
        "redis": "redis:7",
    }
    assert SERVICES["worker"]["command"] == ["python", "-m", "app.rabbitmq_consumer"]
    assert SERVICES["taskiq-worker"]["command"][:3] == ["taskiq", "worker", "app.scheduler:broker"]
    scheduler = ["taskiq", "scheduler", "app.scheduler:scheduler"]
    assert SERVICES["taskiq-scheduler"]["command"] == scheduler


def test_the_documented_ports_are_open_to_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert sorted(port.replace("${PORT:-8000}", "8000") for port in ports) == sorted(
        f"127.0.0.1:{outside}:{inside}"
        for outside, inside in [
            (5433, 5432),
            (8081, 80),
            (5672, 5672),
            (15672, 15672),
            (6379, 6379),
            (8000, 8000),
            (8080, 8080),
        ]
    )


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_a_health_check_limits_and_restricted_rights(name: str) -> None:
    service = SERVICES[name]
    assert set(service["healthcheck"]) == {"test", "interval", "timeout", "retries", "start_period"}
    assert service["restart"] == "unless-stopped"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only", False) == (name not in WRITING)
    assert "privileged" not in service
    assert service["mem_limit"] and service["cpus"] <= 1 and service["pids_limit"]
    assert int(service["stop_grace_period"].removesuffix("s")) >= 30
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


@pytest.mark.parametrize("name", SHOP)
def test_a_process_of_the_shop_waits_for_its_dependencies(name: str) -> None:
    conditions = {other: each["condition"] for other, each in SERVICES[name]["depends_on"].items()}
    needed = {"db", "redis"} if name.startswith("web") else {"db", "redis", "rabbitmq"}
    assert conditions == dict.fromkeys(needed, "service_healthy")


def test_every_named_volume_is_used_and_declared() -> None:
    mounts = [each for service in SERVICES.values() for each in service.get("volumes", [])]
    named = {mount.partition(":")[0] for mount in mounts if not mount.startswith((".", "/"))}
    assert (
        named
        == set(COMPOSE["volumes"])
        == {
            "db-data",
            "db-socket",
            "media",
            "pgadmin-data",
            "rabbitmq-data",
        }
    )
    for mount in mounts:
        if mount.startswith("."):
            source, _, options = mount.split(":")
            assert (ROOT / source).is_file() and options == "ro"


@pytest.mark.parametrize("name", SHOP)
def test_every_setting_of_the_shop_reaches_its_containers(name: str) -> None:
    passed = set(SERVICES[name]["environment"])
    fields = set(setting_names())
    read_by_entrypoint = {"DB_WAIT_SECONDS"}
    known = fields | set(LIBRARY_VARIABLES) | read_by_entrypoint
    assert passed == known - NOT_FOR_CONTAINERS


def test_no_setting_is_passed_to_a_container_twice() -> None:
    # Compose refuses a file with a name twice; the library that reads it here takes the last one.
    shop = (ROOT / "docker-compose.yml").read_text("utf-8").partition("x-heartbeat")[0]
    names = re.findall(r"^    ([A-Z_]+):", shop, re.MULTILINE)
    assert len(names) > 50 and len(names) == len(set(names))


def test_every_setting_is_in_the_example() -> None:
    named = re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    fields = set(setting_names())
    assert len(named) == len(set(named))
    assert set(named) == fields | set(LIBRARY_VARIABLES) | set(OF_CONTAINERS) | set(PROMISED)


def test_an_account_that_the_user_sets_is_used_by_every_service() -> None:
    used = {
        name: {str(value) for value in service.get("environment", {}).values() if value}
        for name, service in SERVICES.items()
    }
    for value in ("${POSTGRES_USER:-lavka}", "${POSTGRES_PASSWORD:-lavka}"):
        assert {name for name, values in used.items() if value in values} == {
            *SHOP,
            "db",
            "pgadmin",
        }
    rabbitmq = SERVICES["rabbitmq"]["environment"]
    shop = SERVICES["worker"]["environment"]
    assert rabbitmq["RABBITMQ_DEFAULT_USER"] == shop["RABBITMQ_USER"]
    assert rabbitmq["RABBITMQ_DEFAULT_PASS"] == shop["RABBITMQ_PASSWORD"]
    assert rabbitmq["RABBITMQ_DEFAULT_VHOST"] == shop["RABBITMQ_VHOST"]


def test_a_full_redis_evicts_the_least_used_keys() -> None:
    command = SERVICES["redis"]["command"][-1]
    assert "--maxmemory 192mb --maxmemory-policy allkeys-lru" in command
    assert SERVICES["redis"]["mem_limit"] == "256m"


def test_the_image_does_not_run_as_root_and_contains_only_the_shop() -> None:
    steps = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.findall(r"^USER (.*)$", steps, re.MULTILINE) == ["shop"]
    assert "uv.lock" not in steps
    # The packages are a separate layer, below the code.
    assert steps.index("COPY --from=packages /venv") < steps.index("COPY app app")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored and "!.env" not in ignored


def test_several_web_containers_can_have_a_range_of_ports() -> None:
    # Docker gives each container a free port of a range; one port would be taken.
    [port] = SERVICES["web"]["ports"]
    assert port.replace("${PORT:-8000}", "8000-8001") == "127.0.0.1:8000-8001:8000"
    assert "container_name" not in SERVICES["web"]
