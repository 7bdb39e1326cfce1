"""The manifests are consistent, and follow rules that the schemas of Kubernetes cannot check."""

from typing import Any

import pytest
import yaml

from app.configuration.libraries import LIBRARY_VARIABLES
from app.messaging.commands import COMMANDS
from app.settings import Settings, production_faults
from tests.support.processes import ROOT

RESOURCES: list[dict[str, Any]] = [
    document
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text("utf-8"))
]
PROCESSES = ("web", "worker", "taskiq-worker", "taskiq-scheduler")


def all_of(kind: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a kind by their names."""
    return {each["metadata"]["name"]: each for each in RESOURCES if each["kind"] == kind}


DEPLOYMENTS = all_of("Deployment")
PODS = {name: each["spec"]["template"] for name, each in (DEPLOYMENTS | all_of("Job")).items()}


def test_every_process_has_a_deployment_and_the_schema_a_job() -> None:
    assert set(DEPLOYMENTS) == set(PROCESSES)
    assert set(all_of("Job")) == {"migration"}
    namespaces = {each["metadata"].get("namespace") for each in RESOURCES}
    assert namespaces == {None, "lavka"}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_restricted_rights_and_limits(name: str) -> None:
    spec = PODS[name]["spec"]
    [container] = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_has_probes_and_time_to_end(name: str) -> None:
    spec = PODS[name]["spec"]
    [container] = spec["containers"]
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)
    assert spec["terminationGracePeriodSeconds"] >= 35
    if name != "web":
        # An unreachable broker is no reason for a restart.
        assert "--alive" in container["livenessProbe"]["exec"]["command"]
        assert "--alive" not in container["readinessProbe"]["exec"]["command"]


def test_every_pod_selector_matches_pods() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in PODS.items()}
    for name, deployment in DEPLOYMENTS.items():
        assert deployment["spec"]["selector"]["matchLabels"] == labels[name]
    for name, service in all_of("Service").items():
        assert service["spec"]["selector"] == labels[name]
    budgets = all_of("PodDisruptionBudget")
    assert set(budgets) == {"web", "worker", "taskiq-worker"}
    for name, budget in budgets.items():
        assert budget["spec"]["selector"]["matchLabels"] == labels[name]


def test_web_processes_scale_with_cpu_and_workers_with_queues() -> None:
    autoscaler = all_of("HorizontalPodAutoscaler")["web"]["spec"]
    scaled = all_of("ScaledObject")["worker"]["spec"]
    assert autoscaler["scaleTargetRef"]["name"] in DEPLOYMENTS
    assert autoscaler["minReplicas"] >= 2
    assert scaled["scaleTargetRef"]["name"] in DEPLOYMENTS
    assert scaled["minReplicaCount"] >= 2
    assert [each["metadata"]["queueName"] for each in scaled["triggers"]] == list(COMMANDS)
    [[parameter]] = [
        each["spec"]["secretTargetRef"] for each in all_of("TriggerAuthentication").values()
    ]
    assert parameter["key"] in all_of("Secret")[parameter["name"]]["stringData"]
    # The autoscaler sets the number of replicas; each deployment with a number would reset it.
    for name in ("web", "worker"):
        assert "replicas" not in DEPLOYMENTS[name]["spec"]


def test_the_configuration_is_valid_for_production_except_for_the_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = all_of("ConfigMap")["lavka"]["data"]
    secret = all_of("Secret")["lavka"]["stringData"]
    known = {field.upper() for field in Settings(_env_file=None).model_dump()}
    assert set(plain) | set(secret) - {"RABBITMQ_URL"} <= known | set(LIBRARY_VARIABLES)
    for name, value in (plain | secret).items():
        monkeypatch.setenv(name, value)
    refused = {fault.partition(":")[0] for fault in production_faults(Settings(_env_file=None))}
    passwords = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "REDIS_PASSWORD", "ADMIN_PASSWORD"}
    assert refused == passwords | {"SECRET_KEY"}
