"""The code is free of the constructs that docs/security.md excludes."""

import ast
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models import User
from app.security.tokens import digest_of
from app.settings import Settings
from app.tables.identity import ApiKey, LoginSession
from app.tables.system import IdempotencyKey

ROOT = Path(__file__).parent.parent.parent
FILES = (
    ROOT / "main.py",
    *sorted((ROOT / "app").rglob("*.py")),
    *(ROOT / "migrations").rglob("*.py"),
)
# Patterns from constants in other modules, or with a delimiter escaped by `re.escape`.
_MADE_OF_CONSTANTS = {
    "app/jobs/csv_rows.py": "f'{cell}(?:{mark}{cell})*+[\\\\r\\\\n]*+'",
    "app/configuration/predictable.py": "'|'.join((each for each in _WORDS if len(each) > 2))",
    "app/observability/rare_warning.py": "self._message",
    "app/web/respond_async.py": "deferral.location",
}
_PATTERNS = {"compile", "fullmatch", "match", "search", "split", "sub", "findall", "finditer"}
_LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Yield every call in the shop: its place, the name that is called, and the call."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                place = f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
                yield place, ast.unparse(node.func), node


def is_constant(place: str, node: ast.expr) -> bool:
    """Return whether an expression is a text in the code, or the name of a constant."""
    if _MADE_OF_CONSTANTS.get(place.partition(":")[0]) == ast.unparse(node):
        return True
    if isinstance(node, ast.JoinedStr):
        parts = [each for each in node.values if isinstance(each, ast.FormattedValue)]
        return all(is_constant(place, each.value) for each in parts)
    if isinstance(node, ast.Name):
        return node.id.isupper()
    return isinstance(node, ast.Constant)


def test_no_text_is_executed_as_code() -> None:
    found = [place for place, name, _ in calls() if name in ("eval", "exec", "compile", "execfile")]
    assert found == []
    assert len(list(calls())) > 5_000


def test_every_regular_expression_is_a_constant() -> None:
    found = {
        place: ast.unparse(call.args[0])
        for place, name, call in calls()
        if name.startswith("re.") and name[3:] in _PATTERNS and not is_constant(place, call.args[0])
    }
    # The patterns of postal codes come from a library, and not from a caller.
    assert {place.partition(":")[0] for place in found} == {"app/core/addresses/formats.py"}


def test_every_format_of_a_log_line_is_a_constant() -> None:
    found, lines = [], 0
    for place, name, call in calls():
        owner, _, method = name.rpartition(".")
        if owner in ("logger", "logging", "self._logger") and method in _LEVELS:
            lines += 1
            if not is_constant(place, call.args[0]):
                found.append((place, ast.unparse(call)))
    assert lines > 20 and not found


def test_no_text_that_is_not_a_constant_is_used_as_a_format() -> None:
    found = [
        (place, name)
        for place, name, call in calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("format", "format_map")
        and not is_constant(place, call.func.value)
    ]
    assert found == []


def test_hashes_are_sha_256_and_blake2b_and_secrets_use_the_generator_of_the_system() -> None:
    algorithms = hashlib.algorithms_available | {"pbkdf2_hmac", "scrypt"}
    names = {name.rpartition(".")[2] for _, name, _ in calls()}
    assert names & algorithms == {"sha256", "blake2b"}
    randoms = {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        if re.search(r"^(import|from) random\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    # These calls spread retries and expiries.
    assert randoms <= {"app/cache/cache.py", "app/runtime/supervisor.py"}


def test_the_shop_implements_no_cryptography_itself() -> None:
    known = {"argon2", "hashlib", "hmac", "jwt", "secrets"}
    others = {"bcrypt", "crypt", "Crypto", "cryptography", "nacl", "passlib", "ssl"}
    found = {
        match
        for path in FILES
        for match in re.findall(
            r"^\s*(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert known <= found and not others & found


def test_the_log_is_written_to_standard_error_only() -> None:
    handlers = [
        (place.partition(":")[0], ast.unparse(call))
        for place, name, call in calls()
        if name.endswith("Handler")
    ]
    assert handlers == [("app/observability/logging.py", "logging.StreamHandler()")]


def test_hashes_of_secrets_and_keys_have_256_bits() -> None:
    assert len(digest_of("a token")) == 32
    for column in (
        ApiKey.__table__.c.digest,
        LoginSession.__table__.c.refresh_digest,
        IdempotencyKey.__table__.c.fingerprint,
    ):
        assert getattr(column.type, "length") == 32
    settings = Settings(_env_file=None, secret_key="k" * 32, previous_secret_key="p" * 50)
    assert [len(key) for key in settings.signing_keys] == [32, 32]


def test_a_user_has_no_expiry_of_the_password_and_no_secret_question() -> None:
    assert set(User.__table__.columns.keys()) == {
        "anonymised_at",
        "created_at",
        "email",
        "email_key",
        "email_verified_at",
        "first_name",
        "id",
        "is_active",
        "last_name",
        "password_hash",
        "role",
        "updated_at",
        "username",
        "username_key",
        "version",
    }


@pytest.mark.parametrize("group", ["constraint-dependencies"])
def test_every_library_is_pinned_to_a_version(group: str) -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pins = re.findall(
        r'^    "([^"]+)",$', text.partition(f"{group} = [")[2].partition("\n]")[0], re.M
    )
    assert len(pins) > 80
    assert [pin for pin in pins if not re.match(r"[a-z0-9-]+==\d[\w.]*( ;|$)", pin)] == []
