"""Reads and validates all settings as a whole, before anything starts."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from edge.settings.files import check_files, read_secrets
from edge.settings.findings import findings
from edge.settings.layers import Layers, merge
from edge.settings.plant import PlantSettings
from edge.settings.problems import Problem, SettingsError
from edge.settings.references import limit_findings, reference_findings
from edge.settings.service import ServiceSettings
from edge.settings.source import Source, read_source

__all__ = ["Problem", "Settings", "SettingsError", "check", "load"]

SERVICE_FILE = "edge.toml"
PLANT_FILE = "plant.toml"
CONFIG_DIR = Path("config")


@dataclass(frozen=True)
class Settings:
    service: ServiceSettings
    plant: PlantSettings
    config_dir: Path = CONFIG_DIR


def load(
    config_dir: Path = CONFIG_DIR, overrides: Sequence[str] = (), environ: Mapping[str, str] | None = None
) -> Settings:
    """Settings from `config_dir`, the environment (EDGE__SECTION__KEY) and overrides (section.key=value).

    Raises SettingsError with every problem of both files."""
    layers = merge(read_source(config_dir / SERVICE_FILE), overrides, os.environ if environ is None else environ)
    service = read_service(layers)
    source = read_source(config_dir / PLANT_FILE)
    plant, plant_problems = read_plant(source)
    problems = [*_by_line([*layers.source.problems, *layers.problems]), *_by_line(plant_problems)]
    if problems or service is None or plant is None:
        raise SettingsError(problems)
    return Settings(service, plant, config_dir)


def _by_line(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.line or 0)


def check(config_dir: Path = CONFIG_DIR, overrides: Sequence[str] = ()) -> list[Problem]:
    """All problems of the settings; none where the service would start with them."""
    try:
        load(config_dir, overrides)
    except SettingsError as error:
        return list(error.problems)
    return []


def read_service(layers: Layers) -> ServiceSettings | None:
    """The service settings of merged layers; None where they are refused, and then `layers.problems` says why."""
    read_secrets(layers)
    try:
        service = ServiceSettings.model_validate(layers.values)
    except ValidationError as error:
        layers.problems += map(layers.problem, findings(ServiceSettings, layers.values, error))
        return None
    check_files(layers, service)
    return service


def read_plant(source: Source) -> tuple[PlantSettings | None, list[Problem]]:
    """The plant of a file, None where it is refused, and what is wrong with it."""
    found = reference_findings(source.data)
    plant = None
    try:
        plant = PlantSettings.model_validate(source.data)
    except ValidationError as error:
        found = [*findings(PlantSettings, source.data, error), *found]
    else:
        found += limit_findings(plant)
    return plant, [*source.problems, *map(source.problem, found)]
