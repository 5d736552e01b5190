"""The command `edge`: help at once, settings from every command in the same way, and how a mistake ends it."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from edge.cli import app

COMMANDS = ["run", "demo", "check", "simulate", "replay", "rejected", "rebuild", "import", "influx"]
CONFIG = Path(__file__).parents[1] / "config"
HEAVY = ["pydantic", "fastapi", "uvicorn", "edge.settings", "rich"]


def edge(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "edge", *arguments], capture_output=True, text=True, check=False)


def test_the_commands_are_those_of_the_design() -> None:
    assert list(typer.main.get_command(app).commands) == COMMANDS  # type: ignore[attr-defined]  # a group


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "import"])  # that one starts nothing
def test_each_command_takes_a_folder_and_settings(name: str) -> None:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]  # a group
    for one in getattr(command, "commands", {name: command}).values():
        options = {option for parameter in one.params for option in parameter.opts}
        assert {"--config", "--set"} <= options, one.name


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from edge.cli import app; app(['--help'], standalone_mode=False); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_check_says_what_there_is() -> None:
    done = edge("check", "--config", str(CONFIG))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{CONFIG}: all right (sites 1, lines 3, machines 12, products 3)\n"


def test_check_says_what_is_a_burden(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text("")
    reasons = ", ".join(f'"reason {n}"' for n in range(13))
    (tmp_path / "plant.toml").write_text(f'[machines."a/*"]\nstop_reasons = [{reasons}]\n')
    done = edge("check", "--config", str(tmp_path))
    told = 'machines."a/*".stop_reasons: 13 reasons: with more than 12 most stops end as the first or as other'
    assert (done.returncode, done.stdout.splitlines()[1]) == (0, f"{tmp_path / 'plant.toml'}: {told}")


def test_check_ends_with_78_and_all_mistakes_on_standard_error() -> None:
    done = edge("check", "--config", str(CONFIG), "--set", "api.port=0", "--set", "mqtt.urll=x")
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.splitlines() == [
        '--set mqtt.urll: mqtt.urll = "x": is no setting; the form is section.key; did you mean mqtt.url?',
        "--set api.port: api.port = 0: must be 1 or more",
        "2 problems in the settings: nothing was started",
    ]


@pytest.mark.parametrize("command", [["run"], ["demo"], ["simulate"], ["rebuild"], ["replay", __file__]])
def test_no_command_starts_with_settings_that_are_not_right(command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--config", str(CONFIG), "--set", "mqtt.protocol=4"])
    assert done.exit_code == 78
    assert done.stderr.splitlines() == [
        '--set mqtt.protocol: mqtt.protocol = "4": must be "5" or "3.1.1"',
        "1 problem in the settings: nothing was started",
    ]


def test_a_recording_must_exist() -> None:
    assert CliRunner().invoke(app, ["replay", "no/such/file"]).exit_code == 2
