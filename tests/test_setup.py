"""The set-up knows what is there, says what is missing and what to do, and tries nothing in vain."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools import setup


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished environment in a folder of its own."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    for name, value in {"VENV": tmp_path, "PYTHON": tmp_path / "bin/python", "STAMP": tmp_path / "stamp"}.items():
        monkeypatch.setattr(setup, name, value)
    monkeypatch.setattr(setup, "REFUSED", tmp_path / "refused")
    (tmp_path / "stamp").write_text(setup.fingerprint())
    return tmp_path


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A machine without mosquitto and chromium, where nothing can be installed; what was tried."""
    asked: list[list[str]] = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(setup, "is_present", lambda package: False)
    monkeypatch.setattr(setup, "install_debian", lambda packages: bool(asked.append(packages)))
    return asked


def test_finished_environment_is_left_alone(venv: Path) -> None:
    assert setup.is_current()


def test_environment_is_made_again_after_a_change_of_the_pins(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = venv / "requirements.lock"
    lock.write_text("changed==1\n")
    monkeypatch.setattr(setup, "LOCK", lock)
    assert not setup.is_current()


def test_environment_whose_python_has_gone_is_made_again(venv: Path) -> None:
    (venv / "bin/python").unlink()
    assert not setup.is_current()


def test_every_plugin_is_installed() -> None:
    names = {folder.name for folder in setup.projects()}
    assert {"oee", "first_pass_yield", setup.ROOT.name} <= names


def test_missing_program_is_named_with_what_is_lost_and_how_to_get_it(
    venv: Path, tried: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    setup.provide_programs(("mosquitto", "chromium"), no_system=False)
    said = capsys.readouterr().out
    assert tried == [["mosquitto", "chromium"]]
    assert "mosquitto is missing: the tests with a real broker are skipped" in said
    assert "chromium is missing: the tests of the page are skipped" in said
    assert "sudo apt-get install chromium" in said


def test_refused_package_is_not_asked_for_twice_but_in_ci(
    venv: Path, tried: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        setup.provide_programs(("mosquitto",), no_system=False)
    assert len(tried) == 1
    monkeypatch.setenv("CI", "true")
    setup.provide_programs(("mosquitto",), no_system=False)
    assert len(tried) == 2


def test_nothing_is_installed_against_the_user_s_word(venv: Path, tried: list[list[str]]) -> None:
    setup.provide_programs(("mosquitto",), no_system=True)
    assert tried == []


def test_python_without_ensurepip_gets_pip_from_a_package_that_is_only_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def succeeds(command: list[str], folder: str | None = None) -> bool:
        done.append(command[0])
        if "download" in command:
            Path(str(folder), "python3-pip-whl.deb").touch()
        if command[0] == "dpkg-deb":
            wheels = Path(command[-1], "usr/share/python-wheels")
            wheels.mkdir(parents=True)
            (wheels / "pip-25.1-py3-none-any.whl").touch()
        return True

    monkeypatch.setattr(setup, "succeeds", succeeds)
    setup.bring_pip()
    assert done == ["apt-get", "apt-get", "dpkg-deb", str(setup.PYTHON)]


def test_python_without_ensurepip_and_packages_names_the_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "succeeds", lambda *command: False)
    assert not setup.install_venv_package(no_system=True)
    with pytest.raises(setup.SetupError, match=r"apt-get install python3(\.\d+)?-venv"):
        setup.bring_pip()


def test_python_that_is_too_old_is_told_which_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(setup.SetupError, match=r"Python 3\.11 or newer is needed, this is 3\.9"):
        setup.use_fitting_python()


def test_every_dependency_is_pinned_within_its_range() -> None:
    project = tomllib.loads((setup.ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(text for name, extra in project["optional-dependencies"].items() if name != "parquet" for text in extra),
    ]
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", setup.LOCK.read_text(), flags=re.MULTILINE))
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins[requirement.name]), f"{requirement}: run `make lock`"
