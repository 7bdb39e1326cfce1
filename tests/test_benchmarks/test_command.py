"""The command of the benchmark, without measurements."""

import json
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import benchmarks.__main__ as command
from benchmarks.cases.registry import CASES, UnknownCase, chosen
from benchmarks.runner.runner import Run
from benchmarks.runner.table import BEGIN, END
from tests.test_benchmarks.fakes import MACHINE, Calls, case, run

_DRIVER = """
name = "another shop"
headers = {Authorization = "Bearer x"}

[product-near]
path = "/graphql/"
body = '''
{"query":
  "{ shop { name } }"}'''

[list-near]
path = "/products"
connections = 8
"""


def test_the_list_names_every_case_with_its_aim(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [each.name for each in CASES]
    assert any(line.startswith("product-near ") and "aim ≥ 0.4" in line for line in lines)


def test_a_quick_run_has_the_cases_with_an_aim(capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["--list", "--quick"])
    lines = capsys.readouterr().out.splitlines()
    assert lines and all("aim" in line for line in lines)


def test_an_unknown_case_is_refused_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(["product-near", "nothing"])
    assert refused.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "no case is called nothing; there are " in said
    assert all(each.name in said for each in CASES)


@pytest.mark.parametrize("option", [["--times", "2"], ["--seconds", "0"], ["--peer", "http://x"]])
def test_an_option_that_measures_nothing_is_refused(option: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(["--list", *option])
    assert refused.value.code == 2


def test_without_its_load_generator_the_command_explains_the_installation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find_wrk", lambda: None)
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1})
    assert command.main([]) == 2
    assert "apt-get install wrk" in capsys.readouterr().err


def test_the_names_of_the_cases_differ() -> None:
    assert len({each.name for each in CASES}) == len(CASES)


def test_named_cases_are_measured_in_the_order_of_their_names_on_the_command_line() -> None:
    calls = Calls()
    known = [case(calls, "a"), case(calls, "b", aim=None), case(calls, "c", is_long=True)]
    assert [each.name for each in chosen(["c", "a"], is_quick=True, cases=known)] == ["c", "a"]
    assert [each.name for each in chosen([], is_quick=True, cases=known)] == ["a"]
    assert chosen([], is_quick=False, cases=known) == known
    with pytest.raises(UnknownCase):
        chosen(["d"], is_quick=False, cases=known)


def test_a_peer_is_measured_in_turns_with_the_shop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = tmp_path / "peer.toml"
    driver.write_text(_DRIVER, "utf-8")
    peer = ["--peer", "http://localhost:1", "--driver", str(driver)]
    command.main(["--list", "--quick", *peer])
    lines = capsys.readouterr().out.splitlines()
    found = {line.split()[0]: line for line in lines if line.startswith("peer-")}
    assert found.keys() == {"peer-product-near", "peer-list-near"}
    assert all(line.endswith(" / another shop") for line in found.values())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name = 1", "name"),
        ("name = 'x'\n[nothing]\npath = '/'", "no case is called nothing; there are "),
        ("name = 'x'\n[product-near]\nmethod = 'GET'", "path"),
        ("name", "peer.toml"),
    ],
)
def test_a_wrong_driver_is_refused(
    text: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = tmp_path / "peer.toml"
    driver.write_text(text, "utf-8")
    with pytest.raises(SystemExit):
        command.main(["--list", "--peer", "http://localhost:1", "--driver", str(driver)])
    assert fault in capsys.readouterr().err


@pytest.fixture(name="document")
def a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document with a place for the table, instead of the project's."""
    path = tmp_path / "performance.md"
    path.write_text(f"{BEGIN}\n{END}\n", "utf-8")
    monkeypatch.setattr(command, "_DOCUMENT", path)
    monkeypatch.setattr(command, "_PICTURE", tmp_path / "benchmarks.svg")
    return path


def _write(outcome: Run, output: Path, *, is_document: bool) -> None:
    arguments = Namespace(output=output, times=3, document=is_document)
    command.write(outcome, MACHINE, datetime(2026, 11, 28, tzinfo=UTC), arguments)


def test_a_run_writes_its_files_and_the_document(document: Path, tmp_path: Path) -> None:
    _write(run(case(Calls())), tmp_path / "out", is_document=True)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "table.md",
        "plot.svg",
        "figures.json",
    }
    table = (tmp_path / "out/table.md").read_text("utf-8").strip()
    text = document.read_text("utf-8")
    assert table in text and "](images/benchmarks.svg)" in text
    assert document.with_name("benchmarks.svg").read_text("utf-8").startswith("<svg ")


def test_an_interrupted_run_writes_its_files_but_not_the_document(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Calls()
    interrupted = case(calls, "lists", measure=calls.failing(KeyboardInterrupt()))
    before = document.read_text("utf-8")
    _write(run(case(calls), interrupted), tmp_path, is_document=True)
    figures = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert [each["name"] for each in figures["cases"]] == ["reads"]
    assert document.read_text("utf-8") == before
    assert "the run is not complete" in capsys.readouterr().err
