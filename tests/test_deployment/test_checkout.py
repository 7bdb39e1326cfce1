"""A checkout on Windows, where Git converts line ends by default, has LF in every file."""

import shutil
import subprocess
from pathlib import Path

from tests.support.processes import ROOT

# The files that a container starts, reads or is built from.
IN_CONTAINERS = (
    ".dockerignore",
    "Dockerfile",
    "app/cli",
    "deploy",
    "docker-compose.yml",
    "entrypoint.sh",
    "main.py",
    "migrations",
    "pyproject.toml",
    "scripts",
    "test_report_api.sh",
)
# Git's installer for Windows sets this.
AS_ON_WINDOWS = ("-c", "core.autocrlf=true", "-c", "core.eol=crlf", "-c", "core.safecrlf=false")


def git(folder: Path, *arguments: str) -> None:
    """Run Git as it is configured on Windows."""
    program = shutil.which("git")
    assert program is not None
    subprocess.run(
        [program, "-C", str(folder), *AS_ON_WINDOWS, *arguments],
        check=True,
        capture_output=True,
        timeout=60,
    )


def test_files_for_containers_have_lf_in_a_checkout_on_windows(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    for name in IN_CONTAINERS:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, tmp_path / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, tmp_path)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    files = [path for path in tmp_path.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert len(files) > 40
    for path in files:
        path.unlink()
    git(tmp_path, "checkout-index", "--all")
    assert [str(path) for path in files if b"\r\n" in path.read_bytes()] == []
