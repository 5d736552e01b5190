"""The goals on public recordings, where those lie beside the repository; and the scorers themselves, always."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FOLDER))
from benchmarks import nab_score, recording, skab, warnings  # noqa: E402
from edge_maintenance.table import Layout  # noqa: E402

sys.path.remove(str(FOLDER))
DATA = FOLDER.parents[2] / "shared" / "data"


def test_detection_at_once_is_worth_100_and_none_is_worth_0():
    assert nab_score.score(1000, [(400, 500)], [400], 0.11) == pytest.approx(100.0)
    assert nab_score.score(1000, [(400, 500)], [], 0.11) == 0.0


def test_later_detection_is_worth_less_and_a_second_one_nothing():
    middle = nab_score.score(1000, [(400, 500)], [450], 0.11)
    assert 90 < middle < 95
    assert nab_score.score(1000, [(400, 500)], [450, 460], 0.11) == middle


def test_false_detection_costs_its_weight_and_nothing_in_the_probation():
    assert nab_score.score(1000, [(400, 500)], [200, 400], 0.22) == pytest.approx(89.0)
    assert nab_score.score(1000, [(400, 500)], [100, 400], 0.22) == pytest.approx(100.0)
    assert nab_score.false_alarms(1000, [(400, 500)], [100, 200, 400, 700]) == 2


def test_lead_of_a_warning_counts_to_the_failure():
    assert warnings.lead([False, True, False], 10) == 11
    assert warnings.lead([False], 10) is None


if DATA.is_dir():

    def test_pump_faults_are_found_while_the_long_normal_run_stays_quiet():
        total = skab.Counter()
        for path in sorted(DATA.glob("skab/*/*.csv.gz")):
            rows = recording.rows_of(str(path), Layout(ignore=skab.LABELS))
            labels = [row.values["anomaly"] > 0 for row in recording.rows_of(str(path), Layout(signals=("anomaly",)))]
            alarms = recording.alarmed(recording.assessments(rows))
            total.update(skab.confusion(alarms[skab.CALIBRATION :], labels[skab.CALIBRATION :]))
        assert skab.f1(total) >= 0.80
        assert skab.far(total) <= 20
        rows = recording.rows_of(str(DATA / "skab/anomaly-free_part1.csv.gz"), Layout())
        alarms = recording.alarmed(recording.assessments(rows))
        assert sum(alarms) <= 0.02 * len(alarms)
        assert len(recording.opened(alarms)) <= 3

    @pytest.mark.parametrize("name", ["art_daily_perfect_square_wave", "art_daily_small_noise"])
    def test_normal_stream_has_no_false_alarm(name):
        rows = recording.rows_of(str(DATA / f"nab/artificialNoAnomaly/{name}.csv.gz"), Layout())
        assert not any(recording.alarmed(recording.assessments(rows)))

    def test_failing_bearing_is_seen_a_day_before_and_the_others_not_in_the_first_half():
        rows = recording.rows_of(str(DATA / "ims/bearing_test2_features.csv.gz"), Layout())
        said = recording.assessments(rows, signals={name: {"kind": "vibration"} for name in rows[0].values})
        first = recording.opened(recording.alarmed(said))[0]
        assert first > len(rows) / 2
        assert said[first].reasons[0].signal == "Bearing 1"
        assert rows[-1].ts - rows[first].ts > 24 * 3_600_000_000

    def test_every_engine_is_warned_in_time_without_training():
        layout = Layout(sep=" ", columns=warnings.COLUMNS, time="cycle", time_scale=3600.0, unit="unit")
        rows = [
            row for row in recording.rows_of(str(DATA / "cmapss/train_FD001.txt.gz"), layout) if int(row.unit) <= 20
        ]
        alarms: dict[str, list[bool]] = {}
        for row, alarm in zip(rows, recording.alarmed(recording.assessments(rows, {"step_s": 3600.0})), strict=True):
            alarms.setdefault(row.unit, []).append(alarm)
        leads = [warnings.lead(one, 0) for one in alarms.values()]
        assert min(leads) >= warnings.NEAREST
        assert sum(one <= warnings.FARTHEST for one in leads) >= 0.75 * len(leads)
