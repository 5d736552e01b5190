"""The model file: what remaining life is computed from, as JSON that is checked before anything of it is used.

It is data alone. Its members are those of `ModelFile`, nothing else may be in it, every number is finite, sizes are
limited, and the checksum says that it is as it was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from edge_maintenance import layers, trees
from edge_maintenance.features import KINDS, Recipe, Regimes

FORMAT = "edge-life-model"
VERSION = 1
MAX_BYTES = 2_000_000
MAX_SIGNALS, MAX_REGIMES, MAX_PARTS = 128, 32, 16


class ModelError(ValueError):
    """A model file that cannot be used; the text names the file, the member and what is wrong with it."""


class RegimeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operating points: key signals with their scale, and for each regime its centre and the mean and scale of every
    signal. Without key signals there is one."""

    signals: list[str]
    scale: list[float]
    radius: float
    centres: list[list[float]]
    mean: list[list[float]]
    sd: list[list[float]]


class Lengths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lengths of `Recipe`, in the model's unit."""

    memory: float
    first: float
    young: float
    step: float


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lowest and highest value of each feature in the training."""

    low: list[float]
    high: list[float]


class TreesPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="trees"):
    """The sum of trees and a bias."""

    weight: float
    bias: float
    trees: list[trees.Tree]


class NetPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="net"):
    """A network over features that are taken to their middle and scale."""

    weight: float
    layers: list[layers.Layer]


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the interval adds to the value, at some values of it, and between them in proportion; `outside` is how
    many times as wide it is outside the range of the training."""

    coverage: float
    at: list[float]
    low: list[float]
    high: list[float]
    outside: float


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that stands in the file, in this order."""

    format: Literal["edge-life-model"]
    version: Literal[1]
    name: str
    licence: str
    provenance: str  # what it was trained on, how, and how well it did
    unit: str  # of life and age
    unit_s: float  # seconds of event time for one of them in the training
    max_life: float  # beyond this nothing is said
    signals: list[str]
    regimes: RegimeTable
    lengths: Lengths
    range: Range
    parts: list[TreesPart | NetPart]
    interval: Interval
    checksum: str


@dataclass(frozen=True)
class Life:
    """What a model says of one row of features."""

    value: float
    low: float
    high: float
    outside: tuple[str, ...] = ()  # the features that no unit of the training had


class Model:
    """A checked model, ready to say how long a unit lasts. Shared by all units; it keeps nothing of any of them."""

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.recipe = recipe_of(file)
        self._parts: list[tuple[float, float, bool, Any]] = []
        for part in file.parts:
            if isinstance(part, TreesPart):
                self._parts.append((part.weight, part.bias, True, [tree.nested() for tree in part.trees]))
            else:
                self._parts.append((part.weight, 0.0, False, _plain(part.layers)))
        self._range = list(zip(file.range.low, file.range.high, strict=True))

    @property
    def version(self) -> str:
        """Name and the beginning of the checksum: what an assessment says it was made by."""
        return f"{self.file.name}@{self.file.checksum[7:15]}"

    def raw(self, row: Sequence[float]) -> float:
        """The weighed sum of the parts, not yet held within 0 and the longest life."""
        value = 0.0
        for weight, bias, is_trees, part in self._parts:
            value += weight * (bias + trees.total(part, row) if is_trees else layers.output(part, row))
        return value

    def life(self, row: Sequence[float], *, doubtful: bool = False) -> Life:
        """Value and interval; features outside the training's range count as at its edge, and widen the interval, as
        does what is `doubtful` for another reason."""
        inside, outside = [], []
        for at, (value, (low, high)) in enumerate(zip(row, self._range, strict=True)):
            if low <= value <= high:
                inside.append(value)
                continue
            inside.append(low if value < low else high)
            if abs(value - inside[-1]) > 0.25 * (high - low):
                outside.append(self.recipe.names[at])
        longest = self.file.max_life
        value = min(max(self.raw(inside), 0.0), longest)
        below, above = self._offsets(value)
        wider = self.file.interval.outside if outside or doubtful else 1.0
        low, high = max(value + below * wider, 0.0), max(value + above * wider, 0.0)
        return Life(value, low, high, tuple(outside))

    def _offsets(self, value: float) -> tuple[float, float]:
        """What is added to the value for the lower and the upper end."""
        table = self.file.interval
        for at in range(1, len(table.at)):
            if value <= table.at[at] or at == len(table.at) - 1:
                start, end = table.at[at - 1], table.at[at]
                share = min(max((value - start) / (end - start), 0.0), 1.0)
                low = table.low[at - 1] + (table.low[at] - table.low[at - 1]) * share
                high = table.high[at - 1] + (table.high[at] - table.high[at - 1]) * share
                return low, high
        return table.low[0], table.high[0]


def recipe_of(file: ModelFile) -> Recipe:
    table, lengths = file.regimes, file.lengths
    rows = [tuple(map(tuple, part)) for part in (table.centres, table.mean, table.sd)]
    regimes = Regimes(tuple(table.signals), tuple(table.scale), rows[0], table.radius, rows[1], rows[2])
    return Recipe(tuple(file.signals), regimes, lengths.memory, lengths.first, lengths.young, lengths.step)


def _plain(part: Sequence[layers.Layer]) -> list[list[tuple[list[float], float]]]:
    return [list(zip(layer.weights, layer.bias, strict=True)) for layer in part]


def load_model(path: str | Path) -> Model:
    """Raises ModelError for a file that is not there, too large, no model, or not as it was written."""
    try:
        with Path(path).open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    try:
        return read_model(text)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def read_model(text: bytes) -> Model:
    """Raises ModelError."""
    if len(text) > MAX_BYTES:
        raise ModelError(f"larger than {MAX_BYTES:,} bytes")
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ModelError(f"no JSON: {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ModelError(f'no model of remaining life: it must be an object with "format": "{FORMAT}"')
    if found.get("version") != VERSION:
        raise ModelError(f"version {found.get('version')!r} of the format is not known here; this reads {VERSION}")
    try:
        file = msgspec.convert(found, ModelFile)
    except msgspec.ValidationError as error:
        raise ModelError(str(error).replace("`", "'").replace("$.", "")) from error
    fault = fault_of(file)
    if fault:
        raise ModelError(fault)
    if file.checksum != checksum(found):
        raise ModelError("checksum: the file is not as it was written; train the model again, or fetch it again")
    return Model(file)


def write_model(file: ModelFile) -> bytes:
    """The bytes of the file, with its checksum."""
    found = msgspec.to_builtins(file)
    found["checksum"] = checksum(found)
    return json.dumps(found, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode() + b"\n"


def checksum(found: dict[str, Any]) -> str:
    """Of all members but the checksum, with keys in order and without blanks."""
    rest = {key: value for key, value in found.items() if key != "checksum"}
    return "sha256:" + hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def fault_of(file: ModelFile) -> str | None:
    """What is wrong with a file whose members are all there and of the right type."""
    return _fault_of_sizes(file) or _fault_of_regimes(file) or _fault_of_interval(file) or _fault_of_parts(file)


def _fault_of_sizes(file: ModelFile) -> str | None:
    signals, inputs = len(file.signals), inputs_of(file)
    if not 0 < signals <= MAX_SIGNALS or len(set(file.signals)) != signals:
        return f"signals: 1 to {MAX_SIGNALS} different names are allowed, there are {signals}"
    lengths = msgspec.structs.asdict(file.lengths)
    positive = {"unit_s": file.unit_s, "max_life": file.max_life, **{f"lengths.{k}": v for k, v in lengths.items()}}
    wrong = [f"{name}: {value} is not above 0" for name, value in positive.items() if not value > 0]
    if wrong:
        return wrong[0]
    if {len(file.range.low), len(file.range.high)} != {inputs}:
        return f"range: needs {inputs} numbers ({len(KINDS)} for each signal, and the age)"
    if any(low > high for low, high in zip(file.range.low, file.range.high, strict=True)):
        return "range: a lowest value is above its highest"
    return None


def inputs_of(file: ModelFile) -> int:
    return len(KINDS) * len(file.signals) + 1


def _fault_of_regimes(file: ModelFile) -> str | None:
    table, signals = file.regimes, len(file.signals)
    count, keys = len(table.centres), len(table.signals)
    if not 0 < count <= MAX_REGIMES:
        return f"regimes: 1 to {MAX_REGIMES} are allowed, there are {count}"
    if len(table.scale) != keys or any(len(centre) != keys for centre in table.centres):
        return f"regimes: needs a scale and centres of {keys} numbers, one for each key signal"
    if not all(scale > 0 for scale in table.scale) or not table.radius > 0:
        return "regimes: scales and the radius must be above 0"
    for name, rows in (("mean", table.mean), ("sd", table.sd)):
        if len(rows) != count or any(len(row) != signals for row in rows):
            return f"regimes.{name}: needs {count} rows of {signals} numbers"
    return "regimes.sd: must not be below 0" if any(sd < 0 for row in table.sd for sd in row) else None


def _fault_of_interval(file: ModelFile) -> str | None:
    table = file.interval
    if not 0 < table.coverage < 1 or not table.outside >= 1:
        return "interval: coverage must be between 0 and 1, outside at least 1"
    if not table.at or {len(table.low), len(table.high)} != {len(table.at)}:
        return "interval: at, low and high must be equally long"
    if any(a >= b for a, b in zip(table.at, table.at[1:], strict=False)):
        return "interval.at: must rise"
    return "interval: low must be at most 0, high at least 0" if max(table.low) > 0 or min(table.high) < 0 else None


def _fault_of_parts(file: ModelFile) -> str | None:
    inputs = inputs_of(file)
    if not 0 < len(file.parts) <= MAX_PARTS:
        return f"parts: 1 to {MAX_PARTS} are allowed, there are {len(file.parts)}"
    for number, part in enumerate(file.parts):
        if isinstance(part, NetPart):
            fault = layers.fault(part.layers, inputs)
            if fault:
                return f"parts[{number}]: {fault}"
            continue
        if not 0 < len(part.trees) <= trees.MAX_TREES:
            return f"parts[{number}]: 1 to {trees.MAX_TREES} trees are allowed, there are {len(part.trees)}"
        for at, tree in enumerate(part.trees):
            fault = tree.fault(inputs)
            if fault:
                return f"parts[{number}].trees[{at}]: {fault}"
    return None
