"""The layers of the service settings: the file, over it the environment, over both `--set`."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.settings.findings import annotation_at, field_of, known_keys, takes_text
from edge.settings.nearest import nearest
from edge.settings.problems import Finding, Problem, key_text, value_text
from edge.settings.service import SECRETS, ServiceSettings
from edge.settings.source import Source

PREFIX = "EDGE__"
Key = tuple[str, str]


@dataclass
class Layers:
    """`values` is what holds in the end, `origins` says for each key that is not from the file where it came from."""

    source: Source
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Key, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, finding: Finding) -> Problem:
        """The finding with the file, option or variable that its value came from."""
        origin = self.origins.get((str(finding.path[0]), str(finding.path[1]))) if len(finding.path) > 1 else None
        if origin is None:
            return self.source.problem(finding)
        value = value_text(finding.value, finding.path)
        return Problem(origin, key_text(finding.path), value, finding.message, finding.nearest)

    def put(self, key: Key, text: str, origin: str) -> None:
        """Lay a value over those below, read by the type that its key has."""
        annotation = annotation_at(ServiceSettings, key)
        section = self.values.setdefault(key[0], {})
        if not isinstance(section, dict):
            return  # the file has something else than a table there, which is reported by itself
        section[key[1]] = text if takes_text(annotation) else _toml_value(text)
        if text == "" and _is_optional(key):
            section[key[1]] = None
        self.origins[key] = origin


def merge(source: Source, overrides: Sequence[str], environ: Mapping[str, str]) -> Layers:
    """All layers in one; names that no setting has, and secrets where they must not be, become problems."""
    layers = Layers(source, {name: dict(v) if isinstance(v, dict) else v for name, v in source.data.items()})
    for section, key in SECRETS:
        if key in _table(layers.values, section):
            del layers.values[section][key]
            layers.problems.append(source.problem(Finding((section, key), "", _secret_hint((section, key)))))
    for name in sorted(environ):
        if name.startswith(PREFIX):
            _from_environment(layers, name, environ[name])
    for option in overrides:
        _from_option(layers, option)
    return layers


def _from_environment(layers: Layers, name: str, text: str) -> None:
    origin = f"environment variable {name}"
    steps = tuple(name.removeprefix(PREFIX).lower().split("__"))
    key = _known(layers, steps, text, origin, lambda path: PREFIX + "__".join(path).upper())
    if key:
        layers.put(key, text, origin)


def _from_option(layers: Layers, option: str) -> None:
    name, equals, text = option.partition("=")
    if not equals:
        message = "must be section.key=value, such as mqtt.url=mqtt://127.0.0.1:1884"
        layers.problems.append(Problem(f"--set {name}", name, "", message))
        return
    origin = f"--set {name}"
    key = _known(layers, tuple(name.strip().split(".")), text, origin, ".".join)
    if key in SECRETS:
        layers.problems.append(Problem(origin, key_text(key), value_text(text, key), _secret_hint(key)))
    elif key:
        layers.put(key, text, origin)


def _known(
    layers: Layers, steps: tuple[str, ...], text: str, origin: str, write: Callable[[tuple[str, ...]], str]
) -> Key | None:
    """The key that `steps` name; where they name none a problem, and None."""
    if len(steps) == 2 and _is_setting(*steps):  # section and key
        return steps[0], steps[1]
    every = {write((section, key)) for section in ServiceSettings.model_fields for key in _keys(section)}
    message = f"is no setting; the form is {write(('section', 'key'))}"
    written = write(steps)
    value = value_text(text, steps)
    layers.problems.append(Problem(origin, written, value, message, nearest(written, every)))
    return None


def _is_setting(section: str, key: str) -> bool:
    model = annotation_at(ServiceSettings, (section,))
    return model is not None and field_of(model, key) is not None


def _keys(section: str) -> list[str]:
    return known_keys(annotation_at(ServiceSettings, (section,)))


def _is_optional(key: Key) -> bool:
    found = field_of(annotation_at(ServiceSettings, key[:1]), key[1])
    return found is not None and found.default is None


def _table(values: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    value = values.get(section)
    return value if isinstance(value, dict) else {}


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # the type of the setting will refuse it, and show it as it was written


def _secret_hint(key: Key) -> str:
    section, name = key
    return f"is a secret: set {PREFIX}{section.upper()}__{name.upper()} or {section}.{SECRETS[key]}"
