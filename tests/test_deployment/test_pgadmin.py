"""The wrapper around pgAdmin: the address that it takes, and the server that it knows."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT

WRAPPER = ROOT / "deploy" / "pgadmin" / "entrypoint.sh"


def wrapped(
    folder: Path, email: str, password: str = "lavka", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the wrapper with other folders, and a stub of the entry point that prints the address."""
    shell = shutil.which("sh")
    assert shell is not None
    image = folder / "entrypoint.sh"
    image.write_text(
        '#!/bin/sh\necho "$PGADMIN_DEFAULT_EMAIL $PGADMIN_SERVER_JSON_FILE"\n', "utf-8"
    )
    image.chmod(0o755)
    script = WRAPPER.read_text("utf-8")
    for old, new in [
        ("exec /entrypoint.sh", f"exec {image}"),
        ("/var/lib/pgadmin", str(folder)),
        ("/venv/bin/python3", sys.executable),
    ]:
        assert old in script
        script = script.replace(old, new)
    given = {
        "PGADMIN_DEFAULT_EMAIL": email,
        "DB_HOST": "db",
        "DB_PORT": "5432",
        "POSTGRES_USER": "admin",
        "POSTGRES_PASSWORD": password,
        "POSTGRES_DB": "lab_db2",
    }
    return subprocess.run(
        [shell, "-c", script],
        env=os.environ | given | variables,
        capture_output=True,
        text=True,
        check=not variables,
        timeout=30,
    )


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("admin@example.com", "admin@example.com"),
        ("the_admin@example.com", "the_admin@example.com"),
        ("admin@main_app.com", "admin@main-app.com"),
        ("the_admin@a_b_c.com", "the_admin@a-b-c.com"),
    ],
)
def test_an_underscore_in_the_domain_becomes_a_hyphen_and_is_logged(
    tmp_path: Path, given: str, taken: str
) -> None:
    done = wrapped(tmp_path, given)
    assert done.stdout == f"{taken} {tmp_path}/lavka-servers.json\n"
    assert (f"log in as {taken}" in done.stderr) == (given != taken)


def test_the_shops_database_is_registered_with_its_password(tmp_path: Path) -> None:
    wrapped(tmp_path, "admin@main_app.com", password=r"a:b\c 'd")
    [server] = json.loads((tmp_path / "lavka-servers.json").read_text("utf-8"))["Servers"].values()
    assert (server["Host"], server["Port"], server["Username"]) == ("db", 5432, "admin")
    assert server["MaintenanceDB"] == "lab_db2"
    passwords = tmp_path / "storage" / "admin_main-app.com" / "lavka-pgpass"
    assert passwords.read_text("utf-8") == r"db:5432:*:admin:a\:b\\c 'd" + "\n"
    assert passwords.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "is well known"),
        ("admin", "is well known"),
        ("change-me", "is well known"),
        ("x7Gq-pw", "has fewer than 12 characters"),
    ],
)
def test_production_refuses_a_default_or_short_password(
    tmp_path: Path, password: str, reason: str
) -> None:
    variables = {"ENVIRONMENT": "production", "PGADMIN_DEFAULT_PASSWORD": password}
    done = wrapped(tmp_path, "admin@example.com", **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"PGADMIN_DEFAULT_PASSWORD: {reason}; use the output of")
    variables["PGADMIN_DEFAULT_PASSWORD"] = "x7Gq-pw-and-more"
    assert wrapped(tmp_path, "admin@example.com", **variables).returncode == 0


def test_pgadmin_uses_the_tls_settings_of_the_shop_for_postgresql(tmp_path: Path) -> None:
    wrapped(tmp_path, "admin@example.com", PGSSLMODE="verify-full")
    [server] = json.loads((tmp_path / "lavka-servers.json").read_text("utf-8"))["Servers"].values()
    assert server["ConnectionParameters"]["sslmode"] == "verify-full"
