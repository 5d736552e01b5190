"""From histories to a model file: operating points, signals, features, cross-validation, the fit of all units."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from edge_maintenance.features import Recipe, Regimes
from edge_maintenance.model import Interval, Lengths, ModelFile, Range, RegimeTable, write_model
from edge_maintenance.table import Table, TableError
from edge_maintenance.train_fit import Fitted, fit
from edge_maintenance.train_histories import History, name_of_unit, step_of
from edge_maintenance.train_interval import BEYOND, interval_of
from edge_maintenance.train_regimes import regimes_of

Numbers = NDArray[np.float64]

USUAL_SHARE = 0.65
"""Of the usual life: the longest life that is told apart, where --max-life says nothing."""
MEMORY, FIRST, YOUNG = 0.08, 0.25, 0.4
"""Of the longest life, or of the usual one where that is shorter: the lengths of the features."""
FAR, KEEP_FAR = 1.5, 3
"""Of rows whose life is above FAR times the longest one, each third is learned from: there are many, all alike."""
FOLDS = 5


class Rows:
    """Features, lives and units of all rows that are learned from."""

    def __init__(self, recipe: Recipe, histories: list[History]) -> None:
        features, lives, units = [], [], []
        for number, history in enumerate(histories):
            state = recipe.start()
            for age, values in zip(history.ages, history.rows, strict=True):
                if recipe.take(state, values, age):
                    features.append(recipe.features(state))
                    lives.append(history.life - age)
                    units.append(number)
        self.features: Numbers = np.array(features)
        self.lives: Numbers = np.array(lives)
        self.units: NDArray[np.intp] = np.array(units, np.intp)


def learn(table: Table, histories: list[History], options: argparse.Namespace, say: Callable[[str], None]) -> bytes:
    """The model file; says what it does. Raises TableError where no signal tells anything."""
    usual = median([history.life for history in histories])
    max_life = options.max_life or float(f"{USUAL_SHARE * usual:.2g}")
    unit = name_of_unit(table)
    count = sum(len(history.rows) for history in histories)
    say(
        f"{len(histories)} units, {count:,} rows, usual life {usual:g} {unit}; "
        f"lives above {max_life:g} {unit} are not told apart"
    )
    recipe = recipe_of(table, histories, min(max_life, usual), step_of(histories))
    say(f"{len(recipe.signals)} signals: {', '.join(recipe.signals)}")
    keys = recipe.regimes.signals
    points = f"{len(recipe.regimes.centres)} operating points, told apart by {', '.join(keys)}"
    say(points if keys else "1 operating point")
    rows = Rows(recipe, histories)
    predicted = cross_validated(rows, max_life, options.seed)
    interval = interval_of(predicted, rows.lives, rows.units, max_life)
    judged = rows.lives <= BEYOND * max_life
    report = report_of(rows, predicted, judged, max_life, interval)
    say(report)
    fitted = fitted_to(rows, np.ones(len(rows.lives), bool), max_life, options.seed)
    text = f"{table.path.rsplit('/', 1)[-1]}: {len(histories)} units to failure; {report}"
    return write_model(file_of(options, text, unit, table, max_life, recipe, rows, fitted, interval))


def recipe_of(table: Table, histories: list[History], span: float, step: float) -> Recipe:
    """Operating points, the signals that say something, and the lengths of means, which are shares of a span."""
    names = list(table.signals)
    values = np.array([[row[name] for name in names] for history in histories for row in history.rows])
    values[~np.isfinite(values)] = np.nan
    numbers = np.repeat(np.arange(len(histories)), [len(history.rows) for history in histories])
    regimes, labels = regimes_of(names, values, numbers[1:] == numbers[:-1])
    mean = np.array([_mean(values[labels == at]) for at in range(labels.max() + 1)])
    sd = np.array([_deviation(values[labels == at]) for at in range(labels.max() + 1)])
    scaled = np.where(sd[labels] > 0, (values - mean[labels]) / np.where(sd > 0, sd, 1.0)[labels], 0.0)
    chosen = [at for at, name in enumerate(names) if (sd[:, at] > 0).any()]
    telling = [at for at in chosen if drifts(scaled[:, at], numbers)]
    if not chosen:
        raise TableError(f"{table.path}: every signal stands still; there is nothing to learn from")
    chosen = telling or chosen
    regimes = replace(
        regimes, mean=tuple(map(tuple, mean[:, chosen].tolist())), sd=tuple(map(tuple, sd[:, chosen].tolist()))
    )
    lengths = (max(MEMORY * span, step), max(FIRST * span, 5 * step), YOUNG * span, step)
    return Recipe(tuple(names[at] for at in chosen), regimes, *lengths)


def _mean(values: Numbers) -> Numbers:
    known = np.isfinite(values)
    result: Numbers = np.where(known, values, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    return result


def _deviation(values: Numbers) -> Numbers:
    """Standard deviation; 0 where what there is lies below the resolution of the numbers."""
    mean = _mean(values)
    result: Numbers = np.sqrt(_mean((values - mean) ** 2))
    return np.where(result > 1e-6 * np.maximum(np.abs(mean), 1e-6), result, 0.0)


def drifts(scaled: Numbers, units: NDArray[np.intp]) -> bool:
    """Whether a signal ends elsewhere than it began: last against first quarter of the lives, against its noise."""
    shifts, noise = [], []
    for unit in range(units.max() + 1):
        values = scaled[units == unit]
        values = values[np.isfinite(values)]
        quarter = len(values) // 4
        if quarter:
            shifts.append(values[-quarter:].mean() - values[:quarter].mean())
            noise.append(2.0 / quarter)
    return bool(shifts) and float(np.mean(np.square(shifts))) > max(0.09, 4.0 * float(np.mean(noise)))


def fitted_to(rows: Rows, chosen: NDArray[np.bool_], max_life: float, seed: int) -> Fitted:
    far = rows.lives > FAR * max_life
    chosen = chosen & (~far | (np.arange(len(far)) % KEEP_FAR == 0))
    return fit(rows.features[chosen], np.minimum(rows.lives[chosen] / max_life, 1.0), seed)


def cross_validated(rows: Rows, max_life: float, seed: int) -> Numbers:
    """The life of each row, said by a fit that had not seen its unit."""
    order = np.random.default_rng(seed).permutation(rows.units.max() + 1)
    fold = order[rows.units] % FOLDS
    predicted = np.zeros(len(rows.lives))
    for number in range(FOLDS):
        held = fold == number
        predicted[held] = fitted_to(rows, ~held, max_life, seed).predict(rows.features[held])
    return np.clip(predicted, 0.0, 1.0) * max_life


def report_of(rows: Rows, predicted: Numbers, judged: NDArray[np.bool_], max_life: float, interval: Interval) -> str:
    """Error and coverage over the rows of units that were held back."""
    predicted, actual = predicted[judged], np.minimum(rows.lives[judged], max_life)
    low = np.maximum(predicted + np.interp(predicted, interval.at, interval.low), 0.0)
    high = predicted + np.interp(predicted, interval.at, interval.high)
    inside = float(((low <= actual) & (actual <= high)).mean())
    error = float(np.sqrt(np.square(predicted - actual).mean()))
    return (
        f"cross-validated over units: RMSE {error:.2f}, {inside:.0%} within the interval of {interval.coverage:.0%}, "
        f"mean width {float((high - low).mean()):.1f}"
    )


def file_of(
    options: argparse.Namespace,
    provenance: str,
    unit: str,
    table: Table,
    max_life: float,
    recipe: Recipe,
    rows: Rows,
    fitted: Fitted,
    interval: Interval,
) -> ModelFile:
    regimes: Regimes = recipe.regimes
    return ModelFile(
        "edge-life-model",
        1,
        options.name or table.path.rsplit("/", 1)[-1].split(".")[0],
        options.licence,
        provenance,
        unit,
        table.layout.time_scale or 1.0,
        max_life,
        list(recipe.signals),
        RegimeTable(
            list(regimes.signals),
            list(regimes.scale),
            regimes.radius,
            [list(row) for row in regimes.centres],
            [list(row) for row in regimes.mean],
            [list(row) for row in regimes.sd],
        ),
        Lengths(recipe.memory, recipe.first, recipe.young, recipe.step),
        Range(rows.features.min(0).tolist(), rows.features.max(0).tolist()),
        fitted.parts(max_life),
        interval,
        "",
    )
