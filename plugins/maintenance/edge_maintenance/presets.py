"""The presets and the kinds of signal: all time constants and thresholds stand here, in seconds, for all machines."""

from __future__ import annotations

from typing import NamedTuple


class Preset(NamedTuple):
    """Time constants of a signal."""

    fast_s: float  # of the value that is compared
    slow_s: float  # of the baseline it is compared with
    learn_s: float  # of running before anything is said
    silence_s: float  # after an alarm, before the next


PRESETS = {
    "process": Preset(fast_s=5.0, slow_s=60.0, learn_s=300.0, silence_s=60.0),
    "cycle": Preset(fast_s=30.0, slow_s=1800.0, learn_s=3600.0, silence_s=3600.0),
    "thermal": Preset(fast_s=1800.0, slow_s=7 * 86400.0, learn_s=86400.0, silence_s=86400.0),
}
