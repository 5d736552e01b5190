"""Turbofans run to failure (C-MAPSS): remaining life by a model of the command's training, beside controls.

    python -m benchmarks cmapss TRAIN                           # units held back, cut at random; several seeds
    python -m benchmarks cmapss TRAIN --test TEST --rul RUL     # the published protocol: the last cycle of each unit

Files have 26 blank-separated columns: unit, cycle, 3 settings, 21 sensors; also as .gz. RMSE and the score of NASA
(Saxena et al. 2008: exp(-d/13) - 1 too early, exp(d/10) - 1 too late, summed) are for lives as they are and capped.
With units held back also: prognostic horizon, the life left from which on the value stays within 0.2 of the cap, and
alpha-lambda, the share of cycles with its life within 0.2 of what it is (Saxena et al. 2009), halfway and at all.
The last line is what one row costs, features and model, beside `json.loads` of the same row (best of five).
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from typing import NamedTuple

from edge_maintenance.model import Model, read_model
from edge_maintenance.table import Layout, open_table
from edge_maintenance.train_histories import History, read_histories
from edge_maintenance.train_life import learn

COLUMNS = ("unit", "cycle", *(f"setting{n}" for n in (1, 2, 3)), *(f"s{n}" for n in range(1, 22)))
LAYOUT = Layout(sep=" ", columns=COLUMNS, time="cycle", unit="unit")
SHORTEST, LONGEST_LEFT = 31, 1.16
"""Of a unit that is cut as those of a test set are: cycles that are seen at least, and the longest life that is left as
a share of the cap."""

ALPHA = 0.2


class Said(NamedTuple):
    """What was said of a unit, and what was true."""

    value: float
    low: float
    high: float
    true: float


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("train", metavar="TRAIN", help="histories to failure")
    add("--test", metavar="TEST", help="histories that end before it")
    add("--rul", metavar="RUL", help="the lives that are left, one a line")
    add("--max-life", type=float, default=125.0, metavar="N", help="cap of the lives (default: 125)")
    add("--seeds", type=int, default=3, metavar="N", help="how often units are held back (default: 3)")


def run(options: argparse.Namespace) -> None:
    cap = options.max_life
    histories = units_of(options.train)
    write(f"{'':10}  RMSE raw  capped  score raw  capped  covered raw  capped  width")
    if options.test and options.rul:
        lives = [float(line) for line in text_of(options.rul).split()]
        seen = [
            Cut(history, len(history.ages), left) for history, left in zip(all_units(options.test), lives, strict=True)
        ]
        model = trained(options.train, histories, cap)
        table(histories, seen, model, cap)
        write(cost(model, histories[0]))
        return
    for seed in range(options.seeds):
        dice = random.Random(seed)
        held = set(dice.sample(range(len(histories)), len(histories) // 4))
        learned = [history for number, history in enumerate(histories) if number not in held]
        tested = [history for number, history in enumerate(histories) if number in held]
        model = trained(options.train, learned, cap)
        table(learned, [cut for history in tested for cut in cuts(history, dice, cap)], model, cap)
        write("            " + prognosis(model, tested, cap))
    write(cost(model, histories[0]))


class Cut(NamedTuple):
    """The first rows of a history, and the life that is left after them."""

    history: History
    rows: int
    left: float


def cuts(history: History, dice: random.Random, cap: float) -> list[Cut]:
    """Four of a unit, at random cycles among those where a test set may end."""
    ends = [n for n in range(SHORTEST, len(history.ages)) if history.life - history.ages[n - 1] <= LONGEST_LEFT * cap]
    return [Cut(history, n, history.life - history.ages[n - 1]) for n in dice.choices(ends, k=4)]


def table(learned: Sequence[History], seen: Sequence[Cut], model: Model, cap: float) -> None:
    """One line for the model, and one for each control: the age alone, and a constant."""
    lives = [history.life for history in learned]
    usual = fmean(min(left, cap) for life in lives for left in range(int(min(life, LONGEST_LEFT * cap))))
    controls: dict[str, Callable[[Cut], float]] = {
        "age only": lambda cut: mean_left(lives, cut.history.ages[cut.rows - 1], cap),
        "constant": lambda cut: usual,
    }
    write(line("model", [at_the_end(model, cut) for cut in seen], cap))
    for name, control in controls.items():
        write(line(name, [Said(control(cut), math.nan, math.nan, cut.left) for cut in seen], cap))


def mean_left(lives: Sequence[float], age: float, cap: float) -> float:
    return fmean([min(life - age, cap) for life in lives if life > age] or [0.0])


def said_along(model: Model, history: History, rows: int) -> Iterator[Said]:
    """What the model says at each row."""
    state = model.recipe.start()
    for age, values in zip(history.ages[:rows], history.rows, strict=False):
        if model.recipe.take(state, values, age):
            life = model.life(model.recipe.features(state))
            yield Said(life.value, life.low, life.high, history.life - age)


def at_the_end(model: Model, cut: Cut) -> Said:
    *_, last = said_along(model, cut.history, cut.rows)
    return last._replace(true=cut.left)


def line(name: str, said: Sequence[Said], cap: float) -> str:
    raw, held = said, [one._replace(true=min(one.true, cap)) for one in said]
    cells = [f"{rmse(raw):8.2f}{rmse(held):8.2f}", f"{score(raw):11.0f}{score(held):8.0f}"]
    if not math.isnan(said[0].low):
        width = fmean(one.high - one.low for one in said)
        cells.append(f"{covered(raw):12.1%}{covered(held):8.1%}{width:7.1f}")
    return f"{name:10}{'  '.join(cells)}"


def rmse(said: Sequence[Said]) -> float:
    return math.sqrt(fmean((one.value - one.true) ** 2 for one in said))


def score(said: Sequence[Said]) -> float:
    """Of NASA: late is worse than early."""
    errors = [one.value - one.true for one in said]
    return sum(math.exp(error / 10) - 1 if error >= 0 else math.exp(-error / 13) - 1 for error in errors)


def covered(said: Sequence[Said]) -> float:
    return fmean(one.low <= one.true <= one.high for one in said)


def prognosis(model: Model, histories: Sequence[History], cap: float) -> str:
    """Horizon and alpha-lambda over whole lives."""
    horizons, halfway, always = [], [], []
    for history in histories:
        said = [one for one in said_along(model, history, len(history.ages)) if one.true <= cap]
        wrong = [one.true for one in said if abs(one.value - one.true) > ALPHA * cap]
        horizons.append(max((one.true for one in said if one.true < min(wrong, default=math.inf)), default=0.0))
        close = [abs(one.value - one.true) <= ALPHA * one.true for one in said]
        halfway.append(close[len(close) // 2])
        always += close
    return (
        f"horizon {median(horizons):.0f}, alpha-lambda {fmean(halfway):.0%} halfway, {fmean(always):.0%} of all cycles"
    )


def cost(model: Model, history: History) -> str:
    """Microseconds for a row of all its signals."""
    rows = [json.dumps(values) for values in history.rows]
    best = {"read": math.inf, "said": math.inf}
    for _ in range(5):
        start = perf_counter()
        for text in rows:
            json.loads(text)
        read = perf_counter()
        for _said in said_along(model, history, len(rows)):
            pass
        end = perf_counter()
        best = {"read": min(best["read"], read - start), "said": min(best["said"], end - read)}
    each = {name: spent / len(rows) * 1e6 for name, spent in best.items()}
    return f"{each['said']:.0f} us a row, {each['said'] / each['read']:.1f} times json.loads ({each['read']:.1f} us)"


def units_of(path: str) -> list[History]:
    with open_table(path, LAYOUT) as table:
        return read_histories(table)[0]


def all_units(path: str) -> list[History]:
    """Every unit, however short."""
    found: dict[str, History] = {}
    with open_table(path, LAYOUT) as table:
        for row in table.rows:
            history = found.setdefault(row.unit, History(row.unit, [], []))
            history.ages.append(float(len(history.ages)))
            history.rows.append(row.values)
    return list(found.values())


def trained(path: str, histories: list[History], cap: float) -> Model:
    options = argparse.Namespace(max_life=cap, name="", licence="", seed=0)
    with open_table(path, LAYOUT) as table:
        return read_model(learn(table, histories, options, lambda text: None))


def text_of(path: str) -> str:
    raw = Path(path).read_bytes()
    return (gzip.decompress(raw) if path.endswith(".gz") else raw).decode()


def write(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    run(parser.parse_args())
