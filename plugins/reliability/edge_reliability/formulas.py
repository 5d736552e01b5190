"""Reliability: means between failures and to repair, availability, systems in series, the Weibull distribution.

Times are in any one unit, and results are in the same. A value that cannot be known is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, fsum, gamma, log


def mtbf(uptime: float, failures: float) -> float | None:
    """Operating time / failures; None without a failure (ruling 29 divides by the failures, not by one more)."""
    return uptime / failures if failures else None


def mttr(repair: float, repairs: float) -> float | None:
    """Repair time / repairs that ended; None where none did."""
    return repair / repairs if repairs else None


def mean_time(times: Sequence[float]) -> float | None:
    """Mean of times between failures, to a failure or to repair (ISO 22400-2: TBF, TTF, TTR); None of none."""
    return fsum(times) / len(times) if times else None


def corrective_maintenance_ratio(corrective: float, planned: float) -> float | None:
    """Corrective / all maintenance time (ISO 22400-2: CMT / (CMT + PMT))."""
    return corrective / (corrective + planned) if corrective + planned else None


def inherent_availability(mtbf: float | None, mttr: float | None) -> float | None:
    """MTBF / (MTBF + MTTR): what failures alone leave; set-up and external stops are not in it."""
    return None if mtbf is None or mttr is None or not mtbf + mttr else mtbf / (mtbf + mttr)


def failure_rate(mtbf: float) -> float:
    """Failures per unit of time."""
    return 1 / mtbf


def series_mtbf(mtbf: Iterable[float]) -> float:
    """MTBF of parts that all have to work: their failure rates add up."""
    return 1 / sum(1 / one for one in mtbf)


def series_availability(availabilities: Iterable[float]) -> float:
    """Availability of parts that all have to work: the product."""
    product = 1.0
    for one in availabilities:
        product *= one
    return product


def parallel_availability(availabilities: Iterable[float]) -> float:
    """Availability of parts of which one is enough."""
    return 1 - series_availability(1 - one for one in availabilities)


def survival(t: float, mtbf: float) -> float:
    """R(t) at a constant failure rate."""
    return exp(-t / mtbf)


def weibull_reliability(t: float, beta: float, eta: float) -> float:
    """R(t) = exp(-(t/eta)^beta): the share that outlives t."""
    return exp(-float((t / eta) ** beta))


def weibull_mttf(beta: float, eta: float) -> float:
    """Mean time to failure: eta Gamma(1 + 1/beta)."""
    return eta * gamma(1 + 1 / beta)


def weibull_life(p: float, beta: float, eta: float) -> float:
    """B life: the time by which the share p (0.1 for B10) has failed."""
    return eta * float((-log(1 - p)) ** (1 / beta))


def weibull_beta(t1: float, f1: float, t2: float, f2: float) -> float:
    """Shape from two points (t, share failed) of the distribution."""
    return log(log(1 - f2) / log(1 - f1)) / log(t2 / t1)


def weibull_eta(t: float, f: float, beta: float) -> float:
    """Characteristic life from one point (t, share failed) and the shape."""
    return t / float((-log(1 - f)) ** (1 / beta))
