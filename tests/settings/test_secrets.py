"""Secrets come from the environment or from files, and are shown nowhere."""

import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from edge.settings.load import SettingsError, load

CONFIG = Path(__file__).parents[2] / "config"
CANARY = "c4n4ry-geheim"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def refusal(config: Path, *overrides: str, **environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(config, overrides, environ)
    assert CANARY not in repr(refused.value) + str(refused.value) + repr(refused.value.problems)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
    return str(refused.value)


def test_a_secret_comes_from_the_environment(config: Path) -> None:
    service = load(config, environ={"EDGE__MQTT__PASSWORD": CANARY}).service
    assert service.mqtt.password == SecretStr(CANARY)


def test_a_secret_comes_from_a_file_without_its_line_end(config: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{CANARY}\n")
    service = load(config, [f"influx.token_file={tmp_path / 'token'}"], {}).service
    assert service.influx.token == SecretStr(CANARY)


def test_a_token_of_influxdb_may_come_later_but_not_under_another_name(config: Path, tmp_path: Path) -> None:
    influx = load(config, [f"influx.token_file={tmp_path / 'token'}"], {}).service.influx
    with pytest.raises(FileNotFoundError):
        influx.current_token()
    (tmp_path / "token").write_text(CANARY)
    assert influx.current_token() == CANARY
    assert f"{tmp_path / 'token'}" in refusal(config, f"influx.token_file={tmp_path / 'tokem'}")
    assert "does not exist" in refusal(config, f"influx.token_file={tmp_path / 'no' / 'token'}")


def test_a_secret_is_in_no_text_of_the_settings(config: Path) -> None:
    settings = load(config, environ={"EDGE__MQTT__PASSWORD": CANARY, "EDGE__INFLUX__TOKEN": CANARY})
    service = settings.service
    texts = [repr(settings), str(service), str(service.model_dump()), service.model_dump_json(), repr(service.mqtt)]
    assert CANARY not in "".join(texts)
    assert "password" not in service.mqtt.model_dump()


def test_a_secret_in_a_file_is_refused_unseen(config: Path) -> None:
    (config / "edge.toml").write_text(f'[mqtt]\npassword = "{CANARY}"\n')
    assert "set EDGE__MQTT__PASSWORD or mqtt.password_file" in refusal(config)


def test_a_secret_in_an_option_is_refused_because_everybody_sees_options(config: Path) -> None:
    assert "influx.token = ***: is a secret" in refusal(config, f"influx.token={CANARY}")


@pytest.mark.parametrize(
    "text",
    [
        f'[mqtt]\npassword = "{CANARY}',
        f'[mqtt]\npassword "{CANARY}"',
        f'[mqtt]\npasswort = "{CANARY}"\n',
        f'[mqtt]\nurl = "mqtt://edge:{CANARY}@broker"\n',
        f'[mqqt]\nurl = "x"\npassword = "{CANARY}"\n',
        f'[mqtt]\npassword = ["{CANARY}"]\n',
        f'mqtt = {{ password = "{CANARY}", url = 3 }}\n',
    ],
)
def test_a_secret_in_a_broken_file_is_not_repeated(config: Path, text: str) -> None:
    (config / "edge.toml").write_text(text)
    refusal(config)


def test_a_secret_given_two_ways_is_refused(config: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(CANARY)
    said = refusal(config, f"mqtt.password_file={tmp_path / 'password'}", EDGE__MQTT__PASSWORD=CANARY)
    assert "stands beside environment variable EDGE__MQTT__PASSWORD: give the secret one way only" in said


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b" \n", "is empty"), (b"\xff", "is no text")])
def test_a_secret_file_must_hold_text(config: Path, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "password").write_bytes(content)
    assert message in refusal(config, f"mqtt.password_file={tmp_path / 'password'}")


def test_a_secret_file_that_is_a_folder_cannot_be_read(config: Path, tmp_path: Path) -> None:
    assert "cannot be read" in refusal(config, f"mqtt.password_file={tmp_path}")


def test_a_secret_file_with_a_slip_in_its_name_names_the_nearest(config: Path, tmp_path: Path) -> None:
    (tmp_path / "mqtt_password").write_text(CANARY)
    assert f"did you mean {tmp_path / 'mqtt_password'}?" in refusal(
        config, f"mqtt.password_file={tmp_path}/mqtt_pasword"
    )
