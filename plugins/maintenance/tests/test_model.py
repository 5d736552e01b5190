"""A model file is checked as a whole before anything of it is used, and says what scikit-learn said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_maintenance.model import Model, ModelError, checksum, load_model, read_model
from edge_maintenance.train_fit import fit

PUMP = json.loads((Path(__file__).parent / "pump_model.json").read_text())
"""A small model of one signal: two levels of life by the level of heat, then by age. Without its checksum."""
TREE = PUMP["parts"][0]["trees"][0]


def model(**changes: Any) -> dict[str, Any]:
    found = PUMP | changes
    return found | {"checksum": checksum(found)}


def read(found: dict[str, Any]) -> Model:
    return read_model(json.dumps(found).encode())


@pytest.mark.parametrize(
    ("row", "value", "low", "high"),
    [([0.5, 0.0, 9.0], 15.0, 10.0, 20.0), ([1.0, 0.0, 3.0], 25.0, 18.0, 32.0), ([1.0, 0.0, 4.0], 35.0, 26.0, 44.0)],
)
def test_trees_are_walked_and_the_interval_goes_by_the_value(
    row: list[float], value: float, low: float, high: float
) -> None:
    life = read(model()).life(row)
    assert (life.value, life.low, life.high, life.outside) == (value, low, high, ())


def test_outside_the_training_the_interval_is_twice_as_wide_and_names_what_is_outside() -> None:
    life = read(model()).life([9.0, 0.0, 4.0])
    assert (life.value, life.low, life.high, life.outside) == (35.0, 17.0, 53.0, ("level heat",))


def test_value_stays_within_nothing_and_the_longest_life() -> None:
    far = read(model(parts=[{"kind": "trees", "weight": 9.0, "bias": 0.0, "trees": [TREE]}]))
    gone = read(model(parts=[{"kind": "trees", "weight": -1.0, "bias": 0.0, "trees": [TREE]}]))
    assert far.life([0.0, 0.0, 0.0]).value == 50.0
    assert (gone.life([0.0, 0.0, 0.0]).value, gone.life([0.0, 0.0, 0.0]).low) == (0.0, 0.0)


NET = {"kind": "net", "weight": 1.0, "layers": [{"weights": [[1.0, 2.0]], "bias": [0.0]}]}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The model with one member, such as `regimes.sd` or `parts.0.bias`, set to a value."""
    found: Any = json.loads(json.dumps(model()))
    at = found
    *way, last = (int(key) if key.isdigit() else key for key in path.split("."))
    for key in way:
        at = at[key]
    at[last] = value
    found["checksum"] = checksum(found)
    return dict(found)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("format", "pickle", "no model of remaining life"),
        ("version", 2, "version 2 of the format is not known"),
        ("unit_s", 0.0, "unit_s: 0.0 is not above 0"),
        ("max_life", "125", "Expected 'float', got 'str' - at 'max_life'"),
        ("code", "import os", "unknown field 'code'"),
        ("signals", [], "signals: 1 to 128"),
        ("signals", ["heat", "heat"], "signals: 1 to 128 different names"),
        ("regimes.centres", [], "regimes: 1 to 32"),
        ("regimes.mean", [[1.0, 2.0]], "regimes.mean: needs 1 rows of 1 numbers"),
        ("regimes.sd", [[-1.0]], "regimes.sd: must not be below 0"),
        ("lengths.memory", -1, "lengths.memory: -1.0 is not above 0"),
        ("range.low", [0.0], "range: needs 3 numbers"),
        ("range.low", [0.0, 0.0, 101.0], "range: a lowest value is above its highest"),
        ("interval.at", [1.0, 1.0], "interval.at: must rise"),
        ("interval.low", [1.0, 1.0], "interval: low must be at most 0"),
        ("interval.coverage", 1, "interval: coverage"),
        ("parts", [], "parts: 1 to 16"),
        ("parts.0.kind", "script", "Invalid value 'script'"),
        ("parts.0.trees", [TREE] * 1001, "1 to 1000 trees are allowed, there are 1001"),
        ("parts.0.trees.0.feature.0", 3, r"parts\[0\].trees\[0\]: node 0: there is no feature 3; the model has 3"),
        ("parts.0.trees.0.left.2", 0, "node 2: children 0 and 4 must stand below it"),
        ("parts.0.trees.0.right.0", 5, "node 0: children 1 and 5 must stand below it"),
        ("parts.0.trees.0.value", [1.0], "columns of different length"),
        ("parts.0.trees.0.feature", [], "has 0 nodes; 1 to 63"),
        ("parts.0", NET, r"parts\[0\]: layer 0 must have 1 rows of 3 weights"),
        ("parts.0", NET | {"layers": []}, "has 0 layers; 1 to 4"),
        ("parts.0", NET | {"layers": [{"weights": [[1, 1, 1]] * 2, "bias": [0, 0]}]}, "ends in 2 outputs"),
    ],
)
def test_file_that_is_not_right_is_refused_with_what_is_wrong_and_where(path: str, value: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read(changed(path, value))


@pytest.mark.parametrize("text", [b"", b"\x80\x04N.", b"[" * 100_000, b"[]", b"\xff\xfe", b'{"format": NaN}'])
def test_what_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(ModelError, match=r"no JSON|no model"):
        read_model(text)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 400])
def test_number_that_is_not_finite_is_refused(number: bytes) -> None:
    with pytest.raises(ModelError, match=r"no JSON|unit_s|checksum|range"):
        read_model(json.dumps(model()).encode().replace(b"3600.0", number))


def test_changed_file_is_told_by_its_checksum() -> None:
    with pytest.raises(ModelError, match="checksum"):
        read(model() | {"max_life": 60.0})


def test_file_that_is_missing_or_too_large_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone.json: No such file"):
        load_model(tmp_path / "gone.json")
    (tmp_path / "large.json").write_bytes(b" " * 2_000_001)
    with pytest.raises(ModelError, match=r"large.json: larger than 2,000,000 bytes"):
        load_model(tmp_path / "large.json")


def test_parts_say_what_scikit_learn_says() -> None:
    dice = np.random.default_rng(3)
    features = dice.normal(size=(400, 3)) * [1.0, 5.0, 100.0] + [0.0, 20.0, 300.0]
    shares = 1 / (1 + np.exp(features[:, 0] + np.sin(features[:, 1])))
    fitted = fit(features, shares)
    found = read(model())
    plain = Model(type(found.file)(**{**_members(found), "parts": fitted.parts(50.0)}))
    expected = 50.0 * fitted.predict(features)
    assert [plain.raw(row) for row in features.tolist()] == pytest.approx(expected.tolist(), rel=1e-9, abs=1e-9)


def _members(found: Model) -> dict[str, Any]:
    return {name: getattr(found.file, name) for name in found.file.__struct_fields__}
