"""The files for production have exact images, narrow networks and no default password."""

from copy import deepcopy
from typing import Any

import pytest
import yaml

from scripts.check_manifests import COMPOSE, documents, image_faults, operator_faults
from tests.support.processes import ROOT

RESOURCES = [document for _, document in documents()]
PRODUCTION: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
BASE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


def changed(kind: str, old: str, new: str) -> list[dict[str, Any]]:
    """Return the manifests with a text of one kind of resource replaced."""
    texts = [(each["kind"], yaml.safe_dump(each)) for each in RESOURCES]
    assert any(old in text for its, text in texts if its == kind)
    return [yaml.safe_load(text.replace(old, new) if its == kind else text) for its, text in texts]


def test_the_manifests_follow_the_rules_of_operation() -> None:
    assert not list(operator_faults(RESOURCES))
    assert not list(image_faults(PRODUCTION))


@pytest.mark.parametrize(
    ("kind", "old", "new", "fault"),
    [
        ("Job", "lavka:0.1.0", "lavka:latest", "migration: registry.example.com/lavka:latest"),
        ("Job", "lavka:0.1.0", "lavka", "migration: registry.example.com/lavka has no exact"),
        ("Job", "lavka:0.1.0", "lavka:1", "migration: registry.example.com/lavka:1 has no exact"),
        ("NetworkPolicy", "- Egress", "- Ingress", "no NetworkPolicy denies"),
        ("ConfigMap", "10.1.2.0/28", "10.0.0.0/8", "TRUSTED_PROXIES: 10.0.0.0/8 is wider"),
        ("Secret", "REDIS_PASSWORD: change-me", "REDIS_PASSWORD: ''", "REDIS_PASSWORD: is"),
    ],
)
def test_a_weaker_manifest_is_found(kind: str, old: str, new: str, fault: str) -> None:
    found = list(operator_faults(changed(kind, old, new)))
    assert [each[: len(fault)] for each in found] == [fault]


@pytest.mark.parametrize("image", ["postgres:17", "postgres", "postgres:latest"])
def test_a_floating_image_of_compose_is_found(image: str) -> None:
    floating = deepcopy(PRODUCTION)
    floating["services"]["db"]["image"] = image
    assert list(image_faults(floating)) == [
        f"compose.production.yml: db: {image} has no exact version"
    ]


def test_every_service_of_compose_has_a_production_configuration() -> None:
    assert set(PRODUCTION["services"]) == set(BASE["services"])
    for name, service in PRODUCTION["services"].items():
        base = BASE["services"][name]
        if "image" in base:
            assert service["image"].startswith(base["image"].partition(":")[0])
        if "ENVIRONMENT" in base.get("environment", {}):
            assert service["environment"] == {"ENVIRONMENT": "production"}
    assert PRODUCTION["services"]["redis"]["environment"]["REDIS_PASSWORD"].startswith(
        "${REDIS_PASSWORD:?"
    )
    assert PRODUCTION["services"]["pgadmin"]["profiles"] == ["pgadmin"]


@pytest.mark.parametrize("path", ["Dockerfile", "deploy/front/Dockerfile"])
def test_an_image_is_built_on_the_base_that_compose_names(path: str) -> None:
    steps = (ROOT / path).read_text("utf-8").splitlines()
    assert "ARG PYTHON_IMAGE=python:3.13-slim" in steps
    assert any(step.startswith("FROM ${PYTHON_IMAGE}") for step in steps)
