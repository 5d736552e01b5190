"""Small neural networks from a model file: layers of weights, with tanh between them."""

from __future__ import annotations

from collections.abc import Sequence
from math import tanh
from operator import mul

import msgspec

MAX_LAYERS, MAX_WIDTH = 4, 64


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`weights` has a row for each output, with a weight for each input; `bias` a number for each output."""

    weights: list[list[float]]
    bias: list[float]


def fault(layers: Sequence[Layer], inputs: int) -> str | None:
    """What is wrong with the layers of a network of so many inputs."""
    if not 0 < len(layers) <= MAX_LAYERS:
        return f"has {len(layers)} layers; 1 to {MAX_LAYERS} are allowed"
    for number, layer in enumerate(layers):
        if not 0 < len(layer.bias) <= MAX_WIDTH:
            return f"layer {number} has {len(layer.bias)} outputs; 1 to {MAX_WIDTH} are allowed"
        if len(layer.weights) != len(layer.bias) or any(len(row) != inputs for row in layer.weights):
            return f"layer {number} must have {len(layer.bias)} rows of {inputs} weights"
        inputs = len(layer.bias)
    return None if inputs == 1 else f"ends in {inputs} outputs instead of one"


def output(layers: Sequence[Sequence[tuple[Sequence[float], float]]], row: Sequence[float]) -> float:
    """What the network says; a layer is a sequence of (weights, bias)."""
    *hidden, (last,) = layers
    for layer in hidden:
        row = [tanh(sum(map(mul, weights, row), bias)) for weights, bias in layer]
    weights, bias = last
    return sum(map(mul, weights, row), bias)
