"""Validates deploy/kubernetes against the schemas of Kubernetes.

The schemas come with a package and need no network. They do not include KEDA's resources; the tests
check those, and the references between files.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "kubernetes"
# The oldest and the newest supported version.
VERSIONS = ("1.31", "1.37")
_NO_SCHEMA_GROUPS = ("keda.sh/",)


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every resource with the name of its file."""
    for path in sorted(FOLDER.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            yield path.name, document


def faults() -> Iterator[str]:
    """Yield the violations of the schemas."""
    for name, document in documents():
        if document["apiVersion"].startswith(_NO_SCHEMA_GROUPS):
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                where = f"{name}: {document['kind']} (Kubernetes {version}), {error.json_path}"
                yield f"{where}: {error.message}"


def main() -> None:
    """Exit with 1 and all violations, if there are any."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    if found := list(faults()):
        sys.exit("\n".join(found))
    print(f"{sum(1 for _ in documents())} resources are valid")


if __name__ == "__main__":
    main()
