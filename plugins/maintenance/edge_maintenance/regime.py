"""A machine in one regime, such as one product: its signals, and how far they are from usual."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from edge_maintenance.points import ROWS, Points
from edge_maintenance.presets import Preset
from edge_maintenance.together import Matrix, Together, t_squared
from edge_maintenance.track import BURN_IN, CLIP_SIGMA, Paces, Track

SCORE_FACTOR, ALONE_FACTOR = 5.0, 2.5
"""T2 is unusual above so many times its 99th percentile while learning: of three signals and more, whose correlation is
known less well; of one or two."""

ALONE = 2

AGREEING, AGREEING_AT_LEAST, AGREEING_SIGMA = 4, 3, 5.0
"""So many signals that are so far away together matter as well, however small each change is: half of all, within
these. Those that are compared with the level they were learned at are not among them."""

INTERVALS = 8
"""Steps in time that are seen before the preset of a signal is settled by their median."""

LATE_READINGS = 60
"""After so many readings in a row from the past, the clock was set back."""

ADAPT_FAST = 3
"""What is usual goes on being learned once in so many fast memories: readings closer together are alike."""

REFRESH = 7
"""The correlation is made anew once it has learned so much more."""

MICRO = 1_000_000
KEPT_PACES = 64
SIGNALS = 64
"""Signals of a machine that are watched at most, in the order in which they come."""

NewTrack = Callable[[str, int], Track]
"""Makes the track of a signal from its name and the microseconds between its readings."""


class Regime:
    """The signals of a machine in one regime. `take` and `due` are the hot path."""

    def __init__(self, new_track: NewTrack) -> None:
        self.new_track = new_track
        self.tracks: dict[str, Track] = {}
        self.coming: dict[str, list[int]] = {}  # signal: its first times, until its interval is known
        self.points: Points | None = Points()  # None: it has one operating point
        self.together: Together | None = None  # None: not learned
        self.learning: Together | None = None  # takes the place of that once it is learned
        self.anew: list[str] = []  # signals that were forgotten, until it is learned how all move together
        self.late = 0  # readings from the past, one after the other
        self.adapt_at = 0
        self.adaptions = 0
        self.all_learned = False
        self.relearned = False  # something was learned from rows that had been kept
        self.rewound = False  # the clock was set back
        self.odd = False  # a reading was far off all others
        self.restless: list[str] = []  # signals that scatter more than usual, as of when that was last looked at
        self.why = ""  # what made the last reading unusual
        self._paces: dict[tuple[Preset, int], Paces] = {}
        self._active: list[Track] = []
        self._anchored: list[Track] = []
        self._inverse: Matrix = []
        self._norm = 0.0
        self._limit = math.inf

    def take(self, values: Mapping[str, float], ts: int, learning: bool) -> bool:
        """Take finite numbers; what is usual is only learned where it says so. True after a gap."""
        if self.points is not None:
            values = self._less_its_point(self.points, values, ts, learning)
        return self._take(values, ts, learning)

    def _take(self, values: Mapping[str, float], ts: int, learning: bool) -> bool:
        tracks = self.tracks
        preset: Preset | None = None
        paces: Paces | None = None
        dt = -1
        gap = late = odd = False
        for name, value in values.items():
            track = tracks.get(name)
            if track is None:
                self._come(name, value, ts)
                continue
            since = ts - track.ts
            if since <= 0:
                late = True
                continue
            if since > track.gap_us:
                track.begin(value, ts)
                gap = True
                continue
            if since != dt or track.preset is not preset or paces is None:
                dt, preset = since, track.preset
                paces = self._paces_of(track, dt)
            if track.young:
                track.age(dt)
                if learning and not track.sigma:
                    track.learn(value, ts, dt)
            track.take(value, ts, paces)
            if track.outlier:
                odd = True
        self.odd, self.rewound = odd, False
        if late:
            self._late(ts)
        elif self.late:
            self.late = 0
        return gap

    def _less_its_point(
        self, points: Points, values: Mapping[str, float], ts: int, learning: bool
    ) -> Mapping[str, float]:
        """The values without what the operating point makes of them; as they are while that is not known."""
        if not points.keys:
            preset = self.preset
            every_us = round(preset.learn_s / ROWS * MICRO) if preset else 0
            if not learning or not values or not points.see(values, ts, every_us):
                return values
            first = points.settle()
            if not first:
                self.points = None
                return values
            self._learn_anew(first, every_us)
        usual = {name: track.fast for name, track in self.tracks.items() if track.ts < ts}  # others are late
        return points.without(values, usual)

    def _learn_anew(self, rows: Sequence[tuple[int, Mapping[str, float]]], every_us: int) -> None:
        """Operating points have been found: learn without what they make of the signals; from the rows in which they
        were found, the last of which is still to be taken, unless those are but a few of all."""
        self.forget(list(self.tracks))
        at = 0 if every_us <= max(track.interval_us for track in self.tracks.values()) else len(rows) - 2
        for name, track in self.tracks.items():
            track.begin(rows[at][1].get(name, track.value), rows[at][0])
        for ts, values in rows[at + 1 : -1]:
            self._take(values, ts, learning=True)
            self.relearned |= self.learn()

    def offset(self, name: str) -> float:
        """What the operating point makes of a signal now."""
        return 0.0 if self.points is None else self.points.offset(name)

    def _paces_of(self, track: Track, dt: int) -> Paces:
        if track.known < track.settled_us:
            return Paces(track.preset, dt, track.known)
        key = track.preset, dt
        found = self._paces.get(key)
        if found is None:
            if len(self._paces) >= KEPT_PACES:
                self._paces.clear()
            found = self._paces[key] = Paces(track.preset, dt, track.known)
        return found

    def _late(self, ts: int) -> None:
        """Repeated and late readings change nothing, unless the clock has been set back."""
        self.late += 1
        if self.late > LATE_READINGS:
            self.late = 0
            self.rewound = True
            self.adapt_at = min(self.adapt_at, ts)
            for track in self.tracks.values():
                track.ts = track.changed = min(track.ts, ts)

    def _come(self, name: str, value: float, ts: int) -> None:
        """A new signal: its preset is settled once it is known how often it comes."""
        if name not in self.coming and len(self.coming) + len(self.tracks) >= SIGNALS:
            return
        times = self.coming.setdefault(name, [])
        if times and ts <= times[-1]:
            return
        times.append(ts)
        if len(times) > INTERVALS:
            steps = sorted(after - before for before, after in pairwise(times))
            del self.coming[name]
            track = self.tracks[name] = self.new_track(name, steps[len(steps) // 2])
            track.begin(value, ts)
            self.all_learned = False

    # --- what is usual -------------------------------------------------------------------------------

    @property
    def learned(self) -> bool:
        return self.together is not None

    @property
    def preset(self) -> Preset | None:
        """Of the machine as a whole: that of its first signal."""
        return next((track.preset for track in self.tracks.values()), None)

    def learn(self) -> bool:
        """While anything is learned: once for each reading of the machine, after `take`. Whether something is now."""
        done, self.relearned = self.relearned, False
        for track in self.tracks.values():
            if not track.sigma and track.learn_is_over():
                track.finish()
                done = True
        self.all_learned = all(track.sigma for track in self.tracks.values())
        if self.learning is not None:
            done |= self._learn_together(self.learning)
        elif (self.anew or self.together is None) and any(
            track.n > 2 and not track.sigma for track in self.tracks.values()
        ):
            self.learning = Together([name for name, track in self.tracks.items() if track.n])
        return done

    def _learn_together(self, together: Together) -> bool:
        """For as long as the signals take that are being learned; `seen` of those that are learned stands still."""
        group = [self.tracks[name] for name in together.names]
        longest = max(group, key=lambda track: track.seen)
        learn_us = longest.preset.learn_s * 1e6
        deviations = [track.fast - track.slow for track in group]
        # readings within the fast memory are alike
        together.independent = max(longest.seen - learn_us * BURN_IN, 0.0) / 2e6 / longest.preset.fast_s
        if longest.seen >= learn_us * (1 + BURN_IN) / 2:
            together.rate(deviations)
        together.learn(deviations)
        if not longest.sigma:
            return False
        together.finish()
        self.together, self.learning, self.anew = together, None, []
        return True

    def adapt(self, ts: int, *, alarm: bool) -> bool:
        """Go on learning what is usual, now and then; in an alarm only how much each signal scatters. Whether the
        correlation is to be made anew."""
        if ts < self.adapt_at or self.together is None:
            return False
        together = self.together
        group = [self.tracks[name] for name in together.names]
        preset = group[0].preset
        self.adapt_at = ts + round(ADAPT_FAST * preset.fast_s * MICRO)
        memory_s = preset.slow_s if preset.mature_s == math.inf else preset.mature_s
        self.restless = [track.name for track in group if track.rough > track.restless]
        for track in group:
            track.grow(ADAPT_FAST * preset.fast_s / memory_s)
        if alarm or preset.mature_s == math.inf:
            return False
        weight = ADAPT_FAST * preset.fast_s / preset.mature_s
        if self._active == group:
            together.adapt(t_squared(self._inverse, [track.z for track in group]), weight)
        most = [CLIP_SIGMA * track.sigma for track in group]
        away = [min(max(track.fast - track.slow, -far), far) for track, far in zip(group, most, strict=True)]
        together.learn(away, weight)
        most_independent = preset.mature_s / preset.fast_s / 2
        together.independent = min(together.independent + ADAPT_FAST / 2, most_independent)
        self.adaptions += 1
        if self.adaptions % REFRESH:
            return False
        for at, track in enumerate(group):
            if track.sigma:
                track.widen(together.deviation(at))
        return True

    def settle(self) -> None:
        """A start, or another regime: how much the signals scatter until all has settled says nothing."""
        self.restless = []
        for track in self._active:
            track.rough = track.spread**2

    def forget(self, names: Collection[str]) -> None:
        """Learn these signals anew, with those that are not learned yet, and how all move together; the others are
        watched meanwhile, by what is known of them."""
        gone = [name for name, track in self.tracks.items() if name in names or not track.sigma]
        for name in gone:
            before = self.tracks[name]
            track = self.tracks[name] = self.new_track(name, before.interval_us)
            track.begin(before.value, before.ts)
        for track in self.tracks.values():
            track.seen = 0
        self.all_learned, self.learning, self.restless = False, None, []
        self.anew = gone
        if self.together is not None:
            self.together = self.together.less(gone)

    # --- how far from it -----------------------------------------------------------------------------

    def count(self, skipped: Collection[str], *, again: bool = False) -> None:
        """Settle which signals count: those that are learned, but for those whose sensor is in doubt. `again`: by what
        was in use before, as after a restart."""
        together = self.together
        active = [track for name, track in self.tracks.items() if track.sigma and name not in skipped]
        self._active = active if together is not None else []
        self._anchored = [track for track in self._active if track.kind.anchored]
        if not self._active or together is None:
            self._limit = math.inf
            return
        if not again:
            together.use()
        self._inverse = self._inverse_of(together, active)
        self._norm = math.sqrt(sum(value * value for row in self._inverse for value in row))
        factor = SCORE_FACTOR if len(active) > ALONE else ALONE_FACTOR
        self._limit = factor * together.used[2] * max(1.0, len(active) / together.size)

    def _inverse_of(self, together: Together, active: Sequence[Track]) -> Matrix:
        """Of the correlation of these signals; one that came later goes with none."""
        places = {name: at for at, name in enumerate(together.names)}
        known = [at for at, track in enumerate(active) if track.name in places]
        found = [[1.0 if row == column else 0.0 for column in range(len(active))] for row in range(len(active))]
        inverse = together.inverse([places[active[at].name] for at in known])
        for row, from_row in zip(known, inverse, strict=True):
            for column, value in zip(known, from_row, strict=True):
                found[row][column] = value
        return found

    @property
    def active(self) -> Sequence[Track]:
        """The signals that count."""
        return self._active

    def due(self, habits: Mapping[str, float]) -> int:
        """The tier that this reading alone is worth; `why` is then the strongest signal and what it does: + up, - down,
        ~ scatters. `habits`: by how much the limit is higher for a reason."""
        anchored = max([track.tier() for track in self._anchored]) if self._anchored else 0
        limit = self._limit
        z = [track.z for track in self._active]
        # the norm bounds the largest eigenvalue, so that most readings need no T2
        found = 0.0
        if sum([one * one for one in z]) * self._norm > limit:
            found = t_squared(self._inverse, z)
        if found > limit or anchored:
            track = max(self._active, key=lambda track: abs(track.z))
            self.why = f"{'+' if track.z > 0 else '-'}{track.name}"
            if found > limit * habits.get(self.why, 1.0):
                tier = max([track.tier() for track in self._active]) or int(self._agreement() >= 1.0)
                if tier:
                    return tier
        if self.restless and not anchored:
            track = max((self.tracks[name] for name in self.restless), key=lambda track: track.rough / track.restless)
            self.why = f"~{track.name}"
            return int(track.rough > track.restless * habits.get(self.why, 1.0))
        return anchored

    def _agreement(self) -> float:
        """1 where enough signals are far enough away."""
        away = sorted([abs(track.z) for track in self._active if not track.kind.anchored])
        needed = max(AGREEING_AT_LEAST, min(AGREEING, (len(away) + 1) // 2))
        return away[-needed] / AGREEING_SIGMA if len(away) > needed else 0.0

    def score(self) -> float | None:
        """1 is where an alarm is due: the lesser of the statistical and the relative gate. None: nothing to go by."""
        if not self._active:
            return None
        statistical = math.sqrt(t_squared(self._inverse, [track.z for track in self._active]) / self._limit)
        relative = max(self._agreement(), max([track.relative() for track in self._active]))
        rough = max([track.restlessness() for track in self._active])
        return max([min(statistical, relative), rough, *(track.relative() for track in self._anchored)])

    # --- state ---------------------------------------------------------------------------------------

    def plain(self) -> dict[str, Any]:
        return {
            "tracks": {name: track.plain() for name, track in self.tracks.items()},
            "coming": {name: list(times) for name, times in self.coming.items()},
            "together": [None if one is None else one.plain() for one in (self.together, self.learning)],
            "points": None if self.points is None else self.points.plain(),
            "counters": [self.late, self.adapt_at, self.adaptions],
            "restless": list(self.restless),
            "anew": list(self.anew),
        }

    @classmethod
    def restored(cls, plain: Mapping[str, Any], new_track: NewTrack) -> Regime:
        """Raises KeyError, TypeError, ValueError or IndexError for what no regime has written."""
        one = cls(new_track)
        at = Track.STATE.index("interval_us")
        for name, state in plain["tracks"].items():
            one.tracks[name] = new_track(name, state[at])
            one.tracks[name].restore(state)
        one.coming = {name: list(times) for name, times in plain["coming"].items()}
        one.together, one.learning = (None if kept is None else Together.restored(kept) for kept in plain["together"])
        one.points = None if plain["points"] is None else Points.restored(plain["points"])
        one.late, one.adapt_at, one.adaptions = plain["counters"]
        one.restless, one.anew = list(plain["restless"]), list(plain["anew"])
        one.all_learned = all(track.sigma for track in one.tracks.values())
        return one
