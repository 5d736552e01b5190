"""Files that the service settings name: secrets, which are read, certificates and plugins, which must be there."""

from os import path  # its questions never raise, where those of pathlib do
from pathlib import Path
from typing import Any

from edge.settings.layers import Layers
from edge.settings.problems import Finding
from edge.settings.service import SECRETS, PluginSettings, ServiceSettings
from edge.settings.source import similar_file, unreadable

CERTIFICATES = ("ca_file", "cert_file", "key_file")


COMES_LATER = ("influx", "token_file")
"""`edge influx setup` makes it; the service begins without it and takes it up when it is there."""


def read_secrets(layers: Layers) -> None:
    """Puts the content of secret files into the values; a file that cannot be read becomes a problem."""
    for (section, key), file_key in SECRETS.items():
        table = layers.values.get(section)
        file = table.get(file_key) if isinstance(table, dict) else None
        if not isinstance(table, dict) or not isinstance(file, str):
            continue
        if table.get(key) is not None:
            origin = layers.origins[section, key]
            _report(layers, (section, file_key), file, f"stands beside {origin}: give the secret one way only")
        if (section, file_key) == COMES_LATER and _may_come(file):
            continue
        secret = _read(layers, (section, file_key), file)
        if secret is not None:
            table[key] = secret


def check_files(layers: Layers, service: ServiceSettings) -> None:
    """Certificates must be readable, the data directory possible, and the plugins directory there, unless it is the
    default."""
    for key in CERTIFICATES:
        file = getattr(service.mqtt, key)
        if file is not None:
            _read(layers, ("mqtt", key), str(file))
    data, plugins = service.service.data_dir, service.plugins.directory
    there = next((one for one in (data, *data.parents) if path.exists(one)), data)
    if path.isfile(there):
        _report(layers, ("service", "data_dir"), str(data), f"cannot be a directory: {there} is a file")
    if plugins != PluginSettings().directory and not path.isdir(plugins):
        _report(layers, ("plugins", "directory"), str(plugins), "is no directory")


def _may_come(file: str) -> bool:
    """Whether a file is not there and still no mistake: its folder is, and nothing in it that has nearly its name."""
    there = "\0" in file or path.lexists(file)
    return not there and path.isdir(path.dirname(file) or ".") and similar_file(Path(file)) is None


def _read(layers: Layers, key: tuple[str, str], file: str) -> str | None:
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        _report(layers, key, file, unreadable(error), similar_file(Path(file)))
    except ValueError:  # of the content, or a NUL in the name
        _report(layers, key, file, "is no text in UTF-8")
    else:
        if text:
            return text
        _report(layers, key, file, "is empty")
    return None


def _report(layers: Layers, key: tuple[str, str], value: Any, message: str, near: str | None = None) -> None:
    layers.problems.append(layers.problem(Finding(key, value, message, near)))
