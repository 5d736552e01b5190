"""Fits what a model file holds: boosted trees and small networks, averaged, by scikit-learn. Seeded throughout."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

from edge_maintenance.layers import Layer
from edge_maintenance.model import NetPart, TreesPart
from edge_maintenance.trees import LEAF, Tree

Numbers = NDArray[np.float64]

TREES, LEAVES, TREE_WEIGHT = 60, 8, 0.2
NETS, HIDDEN = 2, (12, 8)
ROWS_SEEN, MOST_EPOCHS = 1_000_000, 100
"""Rows that a network sees in training, over all passes, and passes at most."""


@dataclass(frozen=True)
class Fitted:
    """Fitted parts, which say a life as a share of the longest one."""

    middle: Numbers
    scale: Numbers
    boosted: HistGradientBoostingRegressor
    nets: list[MLPRegressor]

    def predict(self, features: Numbers) -> Numbers:
        """Shares of the longest life, not yet held within 0 and 1."""
        scaled = (features - self.middle) / self.scale
        nets = np.mean([net.predict(scaled) for net in self.nets], axis=0)
        result: Numbers = TREE_WEIGHT * self.boosted.predict(features) + (1 - TREE_WEIGHT) * nets
        return result

    def parts(self, max_life: float) -> list[TreesPart | NetPart]:
        """The same as members of a model file."""
        nets = [self._net(net, (1 - TREE_WEIGHT) / len(self.nets) * max_life) for net in self.nets]
        return [trees_of(self.boosted, TREE_WEIGHT * max_life), *nets]

    def _net(self, net: MLPRegressor, weight: float) -> NetPart:
        """Its layers, with the scaling of the features in the weights of the first."""
        found = []
        for number, (weights, bias) in enumerate(zip(net.coefs_, net.intercepts_, strict=True)):
            if number == 0:
                weights = weights / self.scale[:, None]
                bias = bias - self.middle @ weights
            found.append(Layer(weights.T.tolist(), bias.tolist()))
        return NetPart(weight, found)


def fit(features: Numbers, shares: Numbers, seed: int = 0) -> Fitted:
    """Learn shares of the longest life from rows of features."""
    scale = features.std(0)
    middle, scale = features.mean(0), np.where(scale > 1e-9, scale, 1.0)
    scaled = (features - middle) / scale
    epochs = max(20, min(MOST_EPOCHS, ROWS_SEEN // len(features)))
    boosted = HistGradientBoostingRegressor(
        max_iter=TREES, max_leaf_nodes=LEAVES, learning_rate=0.12,
        min_samples_leaf=min(50, max(5, len(features) // 200)), early_stopping=False, random_state=seed,
    )  # fmt: skip
    nets = [
        MLPRegressor(
            hidden_layer_sizes=HIDDEN, activation="tanh", alpha=0.05, learning_rate_init=0.005,
            batch_size=min(256, len(features)), max_iter=epochs, tol=0.0, n_iter_no_change=epochs + 1,
            random_state=seed + number,
        )
        for number in range(NETS)
    ]  # fmt: skip
    with warnings.catch_warnings(), threadpool_limits(1):  # more threads gain nothing at this size
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of passes is what is wanted
        return Fitted(middle, scale, boosted.fit(features, shares), [net.fit(scaled, shares) for net in nets])


def trees_of(boosted: HistGradientBoostingRegressor, weight: float) -> TreesPart:
    """The trees of a boosted model as columns."""
    found = []
    for (predictor,) in boosted._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        found.append(
            Tree(
                np.where(leaf, LEAF, nodes["feature_idx"]).tolist(),
                np.where(leaf, 0.0, nodes["num_threshold"]).tolist(),
                np.where(leaf, 0, nodes["left"]).tolist(),
                np.where(leaf, 0, nodes["right"]).tolist(),
                np.where(leaf, nodes["value"], 0.0).tolist(),
            )
        )
    return TreesPart(weight, float(np.ravel(boosted._baseline_prediction)[0]), found)
