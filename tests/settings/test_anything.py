"""Whatever a settings file says, the answer is settings or problems, never a crash."""

import contextlib
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.settings.layers import Layers
from edge.settings.load import SettingsError, load, read_plant, read_service
from edge.settings.source import Source, read_source

CONFIG = Path(__file__).parents[2] / "config"
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes() | st.times()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


def changed(data: Any, draw: st.DataObject) -> Any:
    """The data with one value somewhere in it replaced by anything."""
    if not isinstance(data, dict | list) or not data or draw.draw(st.integers(0, 5)) == 0:
        return draw.draw(VALUES)
    key = draw.draw(st.sampled_from(sorted(data) if isinstance(data, dict) else range(len(data))))
    copy = data.copy()
    copy[key] = changed(data[key], draw)
    return copy


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_plant_with_anything_anywhere_is_answered(draw: st.DataObject) -> None:
    data = changed(read_source(CONFIG / "plant.toml").data, draw)
    if isinstance(data, dict):
        plant, problems = read_plant(Source("plant.toml", data=data))
        assert (plant is not None) or [str(one) for one in problems]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_service_file_with_anything_anywhere_is_answered(draw: st.DataObject) -> None:
    data = changed(read_source(CONFIG / "edge.toml").data, draw)
    if isinstance(data, dict):
        layers = Layers(Source("edge.toml", data=data), data)
        assert (read_service(layers) is not None) or [str(one) for one in layers.problems]


@given(
    st.sampled_from(
        [
            "mqtt.url",
            "api.port",
            "plugins.disabled",
            "events.oldest",
            "influx.url",
            "mqtt.ca_file",
            "plugins.directory",
            "",
        ]
    ),
    st.text(),
)
def test_an_option_with_anything_behind_it_is_answered(key: str, text: str) -> None:
    with contextlib.suppress(SettingsError):
        load(CONFIG, [f"{key}={text}"], {})
