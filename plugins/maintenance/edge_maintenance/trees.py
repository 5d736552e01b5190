"""Sums of regression trees from a model file: checked, then walked as nested tuples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

MAX_TREES, MAX_NODES = 1000, 63
LEAF = -1


class Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tree as columns, a row for each node. A node that tests a feature goes `left` where it is at most the
    threshold, else `right`; both stand further down, so that no walk can come back. A leaf has feature -1."""

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[float]

    def fault(self, inputs: int) -> str | None:
        """What is wrong with it, for a model of so many inputs."""
        size = len(self.feature)
        if not 0 < size <= MAX_NODES:
            return f"has {size} nodes; 1 to {MAX_NODES} are allowed"
        if {len(self.threshold), len(self.left), len(self.right), len(self.value)} != {size}:
            return "has columns of different length"
        for node, feature in enumerate(self.feature):
            if not LEAF <= feature < inputs:
                return f"node {node}: there is no feature {feature}; the model has {inputs}"
            children = (self.left[node], self.right[node])
            if feature != LEAF and not all(node < child < size for child in children):
                return f"node {node}: children {children[0]} and {children[1]} must stand below it"
        return None

    def nested(self, node: int = 0) -> Any:
        """(feature, threshold, left, right) with trees inside, or the value of a leaf."""
        if self.feature[node] == LEAF:
            return self.value[node]
        left, right = self.nested(self.left[node]), self.nested(self.right[node])
        return (self.feature[node], self.threshold[node], left, right)


def total(trees: Sequence[Any], row: Sequence[float]) -> float:
    """The sum of the leaves that a row of features comes to."""
    result = 0.0
    for node in trees:
        while node.__class__ is tuple:
            feature, threshold, left, right = node
            node = left if row[feature] <= threshold else right
        result += node
    return result
