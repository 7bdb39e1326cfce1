"""Validates deploy/ against the schemas of Kubernetes, and against rules of good operation.

The schemas come with a package and need no network. They do not include KEDA's resources; the tests
check those, and the references between files.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "kubernetes"
COMPOSE = FOLDER.parent / "compose.production.yml"
# The oldest and the newest supported version.
VERSIONS = ("1.31", "1.37")
_NO_SCHEMA_GROUPS = ("keda.sh/",)
_EXACT_IMAGE = re.compile(r"\S+(:v?\d+\.\d+(\.\d+)?([-.]\w+)*|@sha256:[0-9a-f]{64})")
_WIDEST_PREFIX = 24


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every resource with the name of its file."""
    for path in sorted(FOLDER.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            yield path.name, document


def faults() -> Iterator[str]:
    """Yield the violations of the schemas."""
    # Only the checks of the pipeline have it; the tests use the rest of this module.
    import kubernetes_validate  # pylint: disable=import-outside-toplevel

    for name, document in documents():
        if document["apiVersion"].startswith(_NO_SCHEMA_GROUPS):
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                where = f"{name}: {document['kind']} (Kubernetes {version}), {error.json_path}"
                yield f"{where}: {error.message}"


def operator_faults(resources: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield floating images, pods without a network policy, wide networks and missing passwords."""
    by_kind = defaultdict[str, list[dict[str, Any]]](list)
    for each in resources:
        by_kind[each["kind"]].append(each)
    for each in (*by_kind["Deployment"], *by_kind["Job"]):
        for container in each["spec"]["template"]["spec"]["containers"]:
            if not _EXACT_IMAGE.fullmatch(container["image"]):
                yield f"{each['metadata']['name']}: {container['image']} has no exact version"
    denied = [
        set(each["spec"]["policyTypes"])
        for each in by_kind["NetworkPolicy"]
        if not each["spec"]["podSelector"] and not {"ingress", "egress"} & set(each["spec"])
    ]
    if {"Ingress", "Egress"} not in denied:
        yield "no NetworkPolicy denies what the others do not allow"
    for each in by_kind["ConfigMap"]:
        for network in each["data"].get("TRUSTED_PROXIES", "").split(","):
            if network and ip_network(network).prefixlen < _WIDEST_PREFIX:
                yield f"TRUSTED_PROXIES: {network} is wider than /{_WIDEST_PREFIX}"
    for each in by_kind["Secret"]:
        if not each["stringData"].get("REDIS_PASSWORD"):
            yield "REDIS_PASSWORD: is missing"


def image_faults(compose: dict[str, Any]) -> Iterator[str]:
    """Yield the images of the Compose file that have no exact version."""
    for name, service in compose["services"].items():
        build = service.get("build", {})
        image = service.get("image") or build.get("args", {}).get("PYTHON_IMAGE", "")
        if not _EXACT_IMAGE.fullmatch(image):
            yield f"{COMPOSE.name}: {name}: {image or 'no image'} has no exact version"


def main() -> None:
    """Exit with 1 and all violations, if there are any."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = [
        *faults(),
        *operator_faults(document for _, document in documents()),
        *image_faults(yaml.safe_load(COMPOSE.read_text("utf-8"))),
    ]
    if found:
        sys.exit("\n".join(found))
    print(f"{sum(1 for _ in documents())} resources are valid")


if __name__ == "__main__":
    main()
