"""The names in the documents exist: commands, flags, paths, tests, links and headings."""

from functools import cache

import pytest

from tests.test_house.commands import faults_of
from tests.test_house.documents import Document, documents, lines_of, parts_of
from tests.test_house.sources import ROOT, definitions, sources

# Prefixes of commands of other programs, each with the file that runs it, and its form there.
RUN_BY = {
    "uv run --group lint black .": ("scripts/check", "black --check"),
    "uv run --group lint isort .": ("scripts/check", "isort --check-only"),
    "uv run alembic revision --autogenerate -m": (
        "tests/test_database/test_migrations.py",
        '"revision", "--autogenerate", "-m"',
    ),
    "uv run alembic downgrade 0014": (
        "tests/test_database/test_variants_migration.py",
        'BEFORE = "0014"',
    ),
    "uv run alembic upgrade head": ("tests/test_database/test_migrations.py", '"upgrade", "head"'),
    "curl -si http://localhost:8000/api/v1/carts": (
        "tests/test_controllers/carts/setting.py",
        'client.post("/carts"',
    ),
    # The same text: the script reads the commands from the README.
    'curl -s "http://localhost:8000/api/v1/products?': ("scripts/smoke.sh", "README.md"),
    'curl -s "$shop/users"': ("scripts/smoke.sh", "README.md"),
    'curl -s "$shop/orders"': ("scripts/smoke.sh", "README.md"),
    "shop=http://localhost:8000/api/v1": ("scripts/smoke.sh", "README.md"),
    "product=$(curl": ("scripts/smoke.sh", "README.md"),
    "token=$(curl": ("scripts/smoke.sh", "/api/v1/auth/token"),
}
# Commands that no file here can run, with the reason.
NOT_RUN = {
    "pip install uv": "how uv comes to the machine is not ours",
    "sudo apt-get install wrk": "it installs what a benchmark needs",
    "uv run pre-commit install": "it writes to the repository's hooks",
    "uv run python -": "it needs a RabbitMQ; the examples' tests publish the same message",
    'curl -si "$shop/products"': "the tests of `Prefer: respond-async` send the same",
    'curl -X POST "http://localhost:8000/api/v1/products/$PRODUCT/images': "tests of images do",
    "docker build -t registry.example.com": "the registry is not there",
    "docker push registry.example.com": "the registry is not there",
    "docker compose exec -T db sh -c": "it needs the containers, and what is in them",
    "docker network": "it asks the machine",
    '[ "$(docker inspect': "it needs the containers; `benchmarks.compose_chaos --rolling` waits so",
    "for service in": "it is a part of a loop",
    "sleep 1": "it is a part of a loop",
}
# Texts in the form of paths that are not files of the repository.
NOT_FILES = {
    "utils.py": "what no module may be called",
    "products.csv": "a file of the reader's",
    "users.csv": "a file of the reader's",
    "orders.csv": "a file of the reader's",
    "newer.csv": "a file of the reader's",
    "shirts.csv": "a file of the reader's",
}


@cache
def _names_in(path: str) -> frozenset[str]:
    source = next((each for each in sources() if each.path == path), None)
    return frozenset(name for name, _ in definitions(source.tree)) if source else frozenset()


def _begins(command: str, *tables: dict[str, tuple[str, str]] | dict[str, str]) -> bool:
    return any(command.startswith(start) for table in tables for start in table)


@pytest.fixture(name="document", params=documents(), ids=lambda each: each.path)
def each_document(request: pytest.FixtureRequest) -> Document:
    """Each of the documents."""
    found: Document = request.param
    return found


def test_every_command_of_a_document_works_or_is_run_elsewhere(document: Document) -> None:
    faults = []
    for command in document.commands():
        found = faults_of(command)
        if found is None and not _begins(command, RUN_BY, NOT_RUN):
            faults.append(f"{command}: no test knows it; see RUN_BY and NOT_RUN")
        faults += found or []
    assert not faults, "\n".join(faults)


def test_every_path_in_a_document_exists(document: Document) -> None:
    missing = [
        path
        for path, _ in document.paths()
        if path not in NOT_FILES
        and not (ROOT / path).exists()
        and not (document.folder / path).exists()
    ]
    assert missing == []


def test_every_name_in_a_file_that_a_document_names_exists(document: Document) -> None:
    named = [(path, name) for path, name in document.paths() if name is not None]
    assert [each for each in named if each[1] not in _names_in(each[0])] == []


def test_every_link_of_a_document_has_a_target(document: Document) -> None:
    others = {other.path: other for other in documents()}
    broken = []
    for target, anchor in document.links():
        path = (document.folder / target).resolve() if target else ROOT / document.path
        other = others.get(path.relative_to(ROOT).as_posix())
        if not path.exists() or (anchor and other and anchor not in other.anchors()):
            broken.append((target, anchor))
    assert not broken


def test_the_architecture_names_every_room() -> None:
    (architecture,) = (each for each in documents() if each.path == "docs/architecture.md")
    named = {path.rstrip("/") for path, _ in architecture.paths()}
    rooms = {
        each.relative_to(ROOT).as_posix()
        for each in (ROOT / "app").iterdir()
        if each.name not in ("__init__.py", "__pycache__")
    }
    assert sorted(rooms - named) == []


def test_every_command_that_is_run_elsewhere_is_in_the_file_that_runs_it() -> None:
    for command, (path, words) in RUN_BY.items():
        assert (ROOT / path).is_file(), path
        assert words in (ROOT / path).read_text("utf-8"), (command, path)


def test_the_tables_have_only_commands_and_paths_of_the_documents() -> None:
    commands = [command for each in documents() for command in each.commands()]
    starts = [*RUN_BY, *NOT_RUN]
    assert [s for s in starts if not any(command.startswith(s) for command in commands)] == []
    paths = {path for each in documents() for path, _ in each.paths()}
    assert NOT_FILES.keys() <= paths


@pytest.mark.parametrize(
    "command",
    [
        "uv run lavka nothing",
        "uv run lavka report 2017-01-01 --until 2017-12-31",
        "uv run lavka report tomorrow",
        "uv run lavka dead-letters burn",
        "uv run main.py --demonstration",
        "uv run python -m app.nothing",
        "uv run python -m app.clock",
        "uv run python -m benchmarks.replay --baskets 5",
        "benchmarks.nothing",
        "uv run scripts/nothing.py",
        "uv run scripts/make_demo_data.py --everything data",
        "uv run pytest tests/nothing.py",
        "uv run pytest --forever",
        "uv run taskiq worker app.scheduler:nothing",
        "uv sync --group nothing",
        "uv run --group nothing mypy",
        "bash scripts/nothing.sh",
        "docker compose raise",
        "docker compose up nothing",
        "docker compose exec web lavka nothing",
        "docker compose --profile nothing up",
        "kubectl apply -f 99-nothing.yaml",
        "cp nothing.example .env",
        "export DB_HOSTS=localhost",
    ],
)
def test_a_command_that_does_not_work_is_found(command: str) -> None:
    assert faults_of(command)


def test_the_commands_of_a_block_are_its_lines_as_a_shell_reads_them() -> None:
    block = """\
uv run a.py \\
  --b        # why
# a comment
A=1 B=2 uv run c.py && d 'e && f' &
curl -d '{"g":
  1}'
python - <<'END'
not a command
END
"""
    assert list(lines_of(block)) == [
        "uv run a.py --b",
        "uv run c.py",
        "d 'e && f'",
        "curl -d '{\"g\": 1}'",
        "python - <<'END'",
    ]
    assert list(parts_of("do up; done")) == ["up"]


def test_spans_in_backticks_are_classified_as_paths_commands_or_text() -> None:
    text = "`main.py` `app/clock.py::Clock` `app/nothing.py` `and/or` `GET /x` `uv run x` [a](b#c)"
    sample = Document("README.md", text)
    assert list(sample.paths()) == [
        ("main.py", None),
        ("app/clock.py", "Clock"),
        ("app/nothing.py", None),
    ]
    assert list(sample.commands()) == ["uv run x"]
    assert list(sample.links()) == [("b", "c")]
