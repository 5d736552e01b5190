"""Where a setting comes from: `--set` over the environment over the file; and each mistake names its origin."""

import shutil
from pathlib import Path

import pytest

from edge.settings.load import Problem, SettingsError, check, load
from edge.settings.service import ServiceSettings

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def problem(config: Path, *overrides: str, **environ: str) -> Problem:
    with pytest.raises(SettingsError) as refused:
        load(config, overrides, environ)
    (only,) = refused.value.problems
    return only


def test_the_shipped_service_file_says_the_defaults() -> None:
    assert load(CONFIG, environ={}).service == ServiceSettings()


def test_set_wins_over_environment_wins_over_file(config: Path) -> None:
    (config / "edge.toml").write_text('[api]\nhost = "1.1.1.1"\nport = 1\n[mqtt]\nclient_id = "file"\n')
    environ = {"EDGE__API__HOST": "2.2.2.2", "EDGE__API__PORT": "2"}
    service = load(config, ["api.port=3"], environ).service
    assert (service.mqtt.client_id, service.api.host, service.api.port) == ("file", "2.2.2.2", 3)


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("mqtt.protocol=3.1.1", "3.1.1"),
        ("mqtt.protocol=5", "5"),
        ("mqtt.username=007", "007"),
        ("mqtt.username=", None),
        ("mqtt.received_property=true", True),
        ("journal.segment_mb=0.5", 0.5),
        ("plugins.disabled=['oee', 'x']", ("oee", "x")),
        ("influx.url=", ""),
        ("service.data_dir=/tmp/a=b", Path("/tmp/a=b")),
    ],
)
def test_text_is_read_by_the_type_of_its_setting(override: str, value: object) -> None:
    section, _, key = override.partition("=")[0].partition(".")
    assert getattr(getattr(load(CONFIG, [override], {}).service, section), key) == value


def test_other_variables_of_the_environment_are_not_ours(config: Path) -> None:
    environ = {"EDGE_HOME": "x", "PATH": "/bin", "EDGEWISE__A__B": "1"}
    assert load(config, environ=environ).service == ServiceSettings()


def test_a_bad_option_names_itself(config: Path) -> None:
    found = problem(config, "api.port=80800")
    assert (found.file, found.key, found.value, found.line) == ("--set api.port", "api.port", "80800", None)
    assert str(found) == "--set api.port: api.port = 80800: must be 65535 or less"


def test_a_bad_variable_names_itself(config: Path) -> None:
    found = problem(config, EDGE__API__PORT="http")
    assert (found.file, found.key) == ("environment variable EDGE__API__PORT", "api.port")
    assert (found.value, found.message) == ('"http"', "must be a whole number")


def test_an_unknown_option_names_the_nearest(config: Path) -> None:
    found = problem(config, "mqtt.ulr=mqtt://broker")
    assert (found.file, found.nearest) == ("--set mqtt.ulr", "mqtt.url")


def test_an_unknown_variable_names_the_nearest(config: Path) -> None:
    found = problem(config, EDGE__MQQT__URL="mqtt://broker")
    assert (found.key, found.nearest) == ("EDGE__MQQT__URL", "EDGE__MQTT__URL")


@pytest.mark.parametrize("name", ["api.port.x", "port", "", "sites.demo.timezone"])
def test_a_key_of_the_wrong_form_is_refused(config: Path, name: str) -> None:
    assert problem(config, f"{name}=1").message == "is no setting; the form is section.key"


def test_an_option_without_a_value_is_refused(config: Path) -> None:
    assert problem(config, "api.port").message.startswith("must be section.key=value")


def test_a_file_that_is_missing_names_the_one_that_is_like_it(config: Path) -> None:
    (config / "edge.toml").rename(config / "egde.toml")
    found = problem(config)
    assert (found.file, found.message) == (str(config / "edge.toml"), "does not exist")
    assert found.nearest == str(config / "egde.toml")


def test_a_folder_that_is_missing_is_said_of_both_files(tmp_path: Path) -> None:
    found = check(tmp_path / "nowhere")
    assert [Path(one.file).name for one in found] == ["edge.toml", "plant.toml"]


def test_a_file_that_is_not_utf_8_names_the_line(config: Path) -> None:
    (config / "plant.toml").write_bytes('[sites.demo]\ntitle = "Köln"\n'.encode("latin-1"))
    found = problem(config)
    assert (found.line, found.message) == (2, "byte 0xf6 is not UTF-8: save the file as UTF-8")


def test_a_mark_in_front_of_the_text_is_no_mistake(config: Path) -> None:
    (config / "plant.toml").write_text('\ufeff[sites.demo]\ntimezone = "Asia/Tokyo"\n')
    assert load(config, environ={}).plant.site("demo").timezone == "Asia/Tokyo"


@pytest.mark.parametrize("text", [f"x = {'1' * 5000}", f"x = {'[' * 5000}{']' * 5000}"])
def test_a_text_that_no_reader_can_take_is_refused(config: Path, text: str) -> None:
    (config / "plant.toml").write_text(text)
    assert problem(config).message.startswith("is no TOML that can be read")


@pytest.mark.parametrize("below", ["", "/deeper/still"])
def test_the_data_directory_cannot_be_a_file(config: Path, below: str) -> None:
    file = config / "edge.toml"
    found = problem(config, f"service.data_dir={file}{below}")
    assert (found.key, found.message) == ("service.data_dir", f"cannot be a directory: {file} is a file")


def test_mistakes_of_both_files_come_together(config: Path) -> None:
    (config / "edge.toml").write_text("[api]\nport = 0\n")
    (config / "plant.toml").write_text('[sites.demo]\ntimezone = "Mars"\n')
    assert [one.key for one in check(config)] == ["api.port", "sites.demo.timezone"]


def test_a_plugins_directory_may_be_named(config: Path, tmp_path: Path) -> None:
    assert load(config, [f"plugins.directory={tmp_path}"], {}).service.plugins.directory == tmp_path
