"""The wheel that people install: built from this checkout, without any network."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.kit import CommandRepo

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("git_promptreg-*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_whole_package(wheel: zipfile.ZipFile) -> None:
    """Templates, SQL, assets and py.typed are inside like the code, and nothing else is."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "promptreg"]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    ours = {name for name in listed.split("\0") if name and (ROOT / name).exists()}
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert inside == ours
    assert {Path(name).suffix for name in inside} >= {".sql", ".j2", ".js", ".css", ".yml"}
    assert "promptreg/py.typed" in inside


def test_the_wheel_brings_its_commands(wheel: zipfile.ZipFile) -> None:
    """Both names of the command are declared."""
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    declared = wheel.read(name).decode()
    assert "promptreg = promptreg.cli:main" in declared
    assert "git-promptreg = promptreg.cli:main" in declared


def test_the_wheel_works_away_from_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Unpacked somewhere else it writes the CI files, bumps, and renders the report."""
    wheel.extractall(tmp_path / "installed")
    repo = CommandRepo.create(tmp_path / "repo")
    environment = {**os.environ, **repo.env(), "PYTHONPATH": str(tmp_path / "installed")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=repo.path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )

    where = run("-c", "import promptreg; print(promptreg.__file__)").stdout
    assert where.startswith(str(tmp_path / "installed"))
    initialized = run("-m", "promptreg", "init", "--ci", "github")
    assert initialized.returncode == 0, initialized
    assert (repo.path / ".github/actions/promptreg/action.yml").is_file()
    assert "1.0.0" in run("-m", "promptreg", "bump", "--all").stdout
    repo.commit("first")
    report = run("-m", "promptreg", "report", "-o", "report.html")
    assert report.returncode == 0, report
    assert "greeting" in (repo.path / "report.html").read_text(encoding="utf-8")
