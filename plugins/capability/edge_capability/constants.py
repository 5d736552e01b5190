"""Constants of control charts by the size n of a subgroup (2 to 10), as printed in the tables of the field."""

from __future__ import annotations

from math import exp, lgamma, sqrt

D2 = dict(enumerate((1.128, 1.693, 2.059, 2.326, 2.534, 2.704, 2.847, 2.970, 3.078), 2))
"""Mean range of n values / sigma."""
A2 = dict(enumerate((1.880, 1.023, 0.729, 0.577, 0.483, 0.419, 0.373, 0.337, 0.308), 2))
"""3 / (d2 sqrt(n)): limits of means from the mean range."""
D3 = dict(enumerate((0.0, 0.0, 0.0, 0.0, 0.0, 0.076, 0.136, 0.184, 0.223), 2))
"""Lower limit of ranges / mean range."""
D4 = dict(enumerate((3.267, 2.574, 2.282, 2.114, 2.004, 1.924, 1.864, 1.816, 1.777), 2))
"""Upper limit of ranges / mean range (n = 5 is 2.1145: 2.114 and 2.115 both occur)."""


def c4(n: int) -> float:
    """Mean sample standard deviation of n values / sigma."""
    return sqrt(2 / (n - 1)) * exp(lgamma(n / 2) - lgamma((n - 1) / 2))


def a3(n: int) -> float:
    """Limits of means from the mean standard deviation."""
    return 3 / (c4(n) * sqrt(n))


def b3(n: int) -> float:
    """Lower limit of standard deviations / their mean."""
    return max(0.0, 1 - 3 * sqrt(1 - c4(n) ** 2) / c4(n))


def b4(n: int) -> float:
    """Upper limit of standard deviations / their mean."""
    return 1 + 3 * sqrt(1 - c4(n) ** 2) / c4(n)
