"""The plant file as an object: patterns, merging, look-ups, fingerprints."""

import pytest
from pydantic import ValidationError

from edge.settings.plant import MachineSettings, PlantSettings, SignalSettings, SiteSettings

MACHINE = "demo/packing/l1/m003"


def plant(**machines: dict[str, object]) -> PlantSettings:
    return PlantSettings.model_validate({"machines": machines})


def test_a_machine_without_a_table_has_the_defaults() -> None:
    assert plant().machine(MACHINE) == MachineSettings()
    assert plant().signal(MACHINE, "vibration") == SignalSettings()


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("demo/packing/*", True),
        ("demo/packing/l1/m003", True),
        ("demo/*", True),
        ("*", True),
        ("demo/*/l1/m*3", True),
        ("*/*/*/m003", True),
        ("demo/packing/l1/m00*", True),
        ("demo/*/m003/*", False),
        ("demo/pack/*", False),
        ("demo/packing/l1/m004", False),
        ("demo/packing/l1/m00", False),
        ("dem*/filling/*", False),
    ],
)
def test_a_pattern_matches_levels_and_at_its_end_all_below(pattern: str, matches: bool) -> None:
    settings = plant(**{pattern: {"stale_after_s": 7}})
    assert (settings.machine(MACHINE).stale_after_s == 7) is matches
    assert settings.configured(MACHINE) is (matches and pattern != "*")


def test_the_most_exact_pattern_wins_key_by_key_in_any_order() -> None:
    tables: dict[str, dict[str, object]] = {
        "demo/packing/l1/m003": {"debounce_s": 3},
        "*": {"debounce_s": 1, "stale_after_s": 1, "target_oee": 0.5},
        "demo/packing/*": {"debounce_s": 2, "stale_after_s": 2},
    }
    for order in (tables, dict(reversed(tables.items()))):
        found = plant(**order).machine(MACHINE)
        assert (found.debounce_s, found.stale_after_s, found.target_oee) == (3, 2, 0.5)


def test_a_default_written_out_wins_over_a_looser_pattern() -> None:
    found = plant(**{"demo/*": {"stale_after_s": 5}, MACHINE: {"stale_after_s": 60}}).machine(MACHINE)
    assert found.stale_after_s == 60


def test_signals_merge_over_machine_patterns_and_then_over_names() -> None:
    settings = plant(
        **{
            "demo/*": {"signals": {"vib*": {"kind": "vibration", "high": 7.0}, "*": {"preset": "cycle", "unit": "x"}}},
            MACHINE: {"signals": {"*": {"high": 9.0}}},
        }
    )
    found = settings.signal(MACHINE, "vibration")
    assert (found.kind, found.high, found.preset, found.unit) == ("vibration", 9.0, "cycle", "x")
    assert set(settings.machine(MACHINE).signals) == {"vib*", "*"}


def test_machines_of_one_pattern_share_their_settings() -> None:
    settings = plant(**{"demo/*": {"stale_after_s": 5}})
    assert settings.machine("demo/a/b/c") is settings.machine("demo/a/b/d")


def test_machine_paths_are_those_without_a_star() -> None:
    assert plant(**{"demo/*": {}, MACHINE: {}, "demo/a/b/m*": {}}).machine_paths() == (MACHINE,)


def test_lines_sites_and_products_are_found_from_a_path() -> None:
    settings = PlantSettings.model_validate(
        {
            "products": {"P": {"ideal_cycle_s": 30, "parts_per_cycle": 4}},
            "sites": {"demo": {"timezone": "Europe/Berlin"}},
            "lines": {"demo/packing/l1": {"route": ["a", "b"]}, "demo/packing/l2": {"route": ["a", "b"], "last": "a"}},
        }
    )
    assert settings.site(MACHINE).timezone == "Europe/Berlin"
    assert settings.site("other/x") == SiteSettings()
    line, other = settings.line(MACHINE), settings.line("demo/packing/l2")
    assert line is not None
    assert other is not None
    assert (line.last_station, other.last_station) == ("b", "a")
    assert settings.line("demo/packing") is None
    product = settings.product("P")
    assert product is not None
    assert product.ideal_s == 7.5
    assert settings.product("Q") is None


def test_a_route_names_stations_as_verdicts_do() -> None:
    plant = PlantSettings.model_validate({"lines": {"demo/packing/l1": {"route": ["Prüfung 1", "FCT/2"]}}})
    line = plant.line(MACHINE)
    assert line is not None
    assert line.route == ("Prüfung 1", "FCT/2")


@pytest.mark.parametrize("days", [[0, 1, 6], ["mon", "tue", "sun"], (0, "tue", 6)])
def test_days_are_names_or_numbers_from_monday(days: object) -> None:
    shift = {"name": "a", "start": "06:00", "end": "14:00", "days": days, "business_day_offset": 1}
    (found,) = SiteSettings.model_validate({"shifts": [shift]}).shifts
    assert (found.days, found.offset_days) == ((0, 1, 6), 1)


def test_instants_may_be_text() -> None:
    slot = {"from": "2025-03-03T09:00:00Z", "to": "2025-03-03T11:00:00+01:00", "reason": "upkeep"}
    (found,) = SiteSettings.model_validate({"planned": [slot]}).planned
    assert found.end_us - found.start_us == 3_600_000_000


@pytest.mark.parametrize(
    "machine",
    [{"debounce_s": True}, {"debounce_s": "1"}, {"debounce_s": float("nan")}, {"counter_modulus": 1.5}, {"x": 1}],
)
def test_types_are_strict(machine: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        plant(**{"demo/*": machine})


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        plant().machine(MACHINE).debounce_s = 3


def variant(**change: object) -> str:
    settings: dict[str, object] = {
        "products": {"P": {"ideal_cycle_s": 30}},
        "sites": {"demo": {"timezone": "UTC"}, "other": {}},
        "lines": {"demo/packing/l1": {"route": ["m003"]}},
        "machines": {"demo/*": {"stale_after_s": 5}},
    }
    return PlantSettings.model_validate(settings | change).fingerprint(MACHINE)


@pytest.mark.parametrize(
    "change",
    [
        {"products": {"P": {"ideal_cycle_s": 31}}},
        {"sites": {"demo": {"timezone": "Europe/Berlin"}}},
        {"lines": {"demo/packing/l1": {"constraint": "m003", "route": ["m003"]}}},
        {"machines": {"demo/*": {"stale_after_s": 6}}},
        {"machines": {"demo/*": {"stale_after_s": 5, "product": "P"}}},
        {"machines": {"demo/*": {"stale_after_s": 5, "signals": {"a": {"high": 1}}}}},
        {"lines": {"demo/packing/l1": {"route": ["m003"], "ideal_cycle_s": 20}}},
    ],
)
def test_the_fingerprint_follows_all_that_decides_the_numbers(change: dict[str, object]) -> None:
    assert variant(**change) != variant()


@pytest.mark.parametrize(
    "change",
    [
        {"products": {"P": {"ideal_cycle_s": 30.0, "title": "Bottle"}}},
        {"sites": {"demo": {"timezone": "UTC", "title": "Demo"}, "other": {"timezone": "Asia/Tokyo"}}},
        {"lines": {"demo/packing/l1": {"title": "Line 1", "route": ["m003"]}, "demo/packing/l2": {}}},
        {"machines": {"demo/*": {"stale_after_s": 5, "title": "x", "target_oee": 0.1}}},
        {"machines": {"demo/*": {"stale_after_s": 5}, "other/*": {"stale_after_s": 9}}},
    ],
)
def test_the_fingerprint_ignores_titles_other_machines_and_what_is_only_watched(change: dict[str, object]) -> None:
    assert variant(**change) == variant()
