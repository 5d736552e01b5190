"""Files that the service settings name: secrets, which are read, certificates and plugins, which must be there."""

from pathlib import Path
from typing import Any

from edge.settings.layers import Layers
from edge.settings.problems import Finding
from edge.settings.service import SECRETS, PluginSettings, ServiceSettings
from edge.settings.source import similar_file, unreadable

CERTIFICATES = ("ca_file", "cert_file", "key_file")


def read_secrets(layers: Layers) -> None:
    """Puts the content of secret files into the values; a file that cannot be read becomes a problem."""
    for (section, key), file_key in SECRETS.items():
        table = layers.values.get(section)
        path = table.get(file_key) if isinstance(table, dict) else None
        if not isinstance(table, dict) or not isinstance(path, str):
            continue
        if table.get(key) is not None:
            origin = layers.origins[section, key]
            _report(layers, (section, file_key), path, f"stands beside {origin}: give the secret one way only")
        secret = _read(layers, (section, file_key), path)
        if secret is not None:
            table[key] = secret


def check_files(layers: Layers, service: ServiceSettings) -> None:
    """Certificates must be readable and the plugins directory be there; the default one may be missing."""
    for key in CERTIFICATES:
        path = getattr(service.mqtt, key)
        if path is not None:
            _read(layers, ("mqtt", key), str(path))
    data = service.service.data_dir
    there = next((one for one in (data, *data.parents) if one.exists()), None)
    if there and not there.is_dir():
        _report(layers, ("service", "data_dir"), str(data), f"cannot be a directory: {there} is a file")
    directory = service.plugins.directory
    if directory != PluginSettings().directory and not directory.is_dir():
        _report(layers, ("plugins", "directory"), str(directory), "is no directory")


def _read(layers: Layers, path: tuple[str, str], file: str) -> str | None:
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        _report(layers, path, file, unreadable(error), similar_file(Path(file)))
    except ValueError:  # of the content, or a NUL in the name
        _report(layers, path, file, "is no text in UTF-8")
    else:
        if text:
            return text
        _report(layers, path, file, "is empty")
    return None


def _report(layers: Layers, path: tuple[str, str], value: Any, message: str, near: str | None = None) -> None:
    layers.problems.append(layers.problem(Finding(path, value, message, near)))
