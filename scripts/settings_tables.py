"""Writes docs/settings.md, and the table of refused settings in docs/security.md.

Both come from the code that reads and checks the settings.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from pydantic import SecretStr

from app.configuration.libraries import LIBRARY_VARIABLES
from app.configuration.production import RULES
from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "app" / "configuration" / "model.py"
SETTINGS = ROOT / "docs" / "settings.md"
SECURITY = ROOT / "docs" / "security.md"
_TABLE = re.compile(r"(?<=<!-- refused in production -->\n\n)(\|.*\n)+")
_OF_CONTAINERS = {
    "PGADMIN_DEFAULT_EMAIL": ("admin@example.com", "The log-in of pgAdmin."),
    "PGADMIN_DEFAULT_PASSWORD": ("admin", "Its password; production refuses the default."),
    "DB_WAIT_SECONDS": ("60", "How long a container waits at its start for the database."),
}
_HEAD = """# Settings

All settings are environment variables, or lines of a file `.env` in the folder where the process starts; the environment goes before the file. [`.env.example`](../.env.example) has all of them as lines to uncomment. An empty value is the same as none. A wrong value is an error that names the setting; a name in `.env` that resembles the name of a setting is reported at the start. What `ENVIRONMENT=production` refuses is in [Security](security.md#start-in-production).

`python -m scripts.settings_tables` writes this file from `app/configuration/model.py`.

"""
_LIBRARIES = """
## Of libraries

Libraries read these variables from the environment of the process. The shop also takes them from `.env`, and `docker-compose.yml` passes them on. A file must exist inside the containers, too: mount it. Other variables of libraries, such as `HTTP_PROXY`, have an effect only in the environment of the process.

"""
_CONTAINERS = """
## Of the containers

Only `docker-compose.yml` and `entrypoint.sh` read these.

"""


def settings_document() -> str:
    """Return the text of docs/settings.md."""
    return "".join(
        (
            _HEAD,
            "| setting | default | meaning |\n|---|---|---|\n",
            *_settings(),
            _LIBRARIES,
            "| variable | meaning |\n|---|---|\n",
            *(f"| `{name}` | {meaning} |\n" for name, meaning in LIBRARY_VARIABLES.items()),
            _CONTAINERS,
            "| variable | default | meaning |\n|---|---|---|\n",
            *(f"| `{name}` | `{each[0]}` | {each[1]} |\n" for name, each in _OF_CONTAINERS.items()),
        )
    )


def _meanings() -> dict[str, str]:
    """Return the text below each field; Pydantic would read the source at each start for it."""
    (body,) = (
        each.body
        for each in ast.parse(MODEL.read_text("utf-8")).body
        if isinstance(each, ast.ClassDef)
    )
    return {
        field.target.id: str(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def _settings() -> Iterator[str]:
    meanings = _meanings()
    for field, info in Settings.model_fields.items():
        default = info.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        elif isinstance(default, bool):
            default = str(default).lower()
        shown = "" if default in (None, ()) else f"`{default}`"
        yield f"| `{field.upper()}` | {shown} | {meanings[field]} |\n"


def security_document(text: str) -> str:
    """Return the text of docs/security.md with the table of the code."""
    rows = (
        f"| `{rule.name.replace(', ', '`, `')}` | {rule.refused} | {rule.remedy} |\n"
        for rule in RULES
    )
    table = "".join(("| setting | it is refused if it | remedy |\n|---|---|---|\n", *rows))
    changed, count = _TABLE.subn(lambda _: table, text)
    if count != 1:
        raise ValueError("docs/security.md has no table of what production refuses")
    return changed


def main() -> None:
    """Write the documents, or exit with 1 if they differ from the code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    wanted = {
        SETTINGS: settings_document(),
        SECURITY: security_document(SECURITY.read_text("utf-8")),
    }
    for path, text in wanted.items():
        if arguments.check:
            if not path.exists() or path.read_text("utf-8") != text:
                sys.exit(f"{path.relative_to(ROOT)} differs; run python -m scripts.settings_tables")
        else:
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
