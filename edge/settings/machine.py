"""What can be set for a machine and its signals; every setting has a default."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from edge.events import STATES
from edge.settings.nearest import nearest
from edge.settings.values import Name, NotNegative, Positive, Strict, refusal

SignalKind = Literal["vibration", "temperature", "current", "pressure", "flow", "speed", "energy", "power", "other"]

MANY_REASONS, MOST_REASONS = 12, 20  # of a list that somebody chooses from: beyond the first it is a burden


def _state(name: str) -> str:
    if name not in STATES:
        raise refusal(f"must be a state: {', '.join(sorted(STATES))}", near=nearest(name, STATES))
    return name


class SignalSettings(Strict):
    """A sensor value: what it measures, which direction is bad, and its limits; steers the monitors."""

    title: Name | None = None
    kind: SignalKind = "other"
    unit: Name | None = None
    bad: Literal["up", "down", "both"] | None = None
    low: float | None = None
    high: float | None = None
    target: float | None = None
    sigma: Positive | None = None
    rules: Literal["western_electric", "nelson"] = "western_electric"
    preset: Literal["process", "cycle", "thermal"] | None = None
    iso_class: Literal["I", "II", "III", "IV"] | None = None

    @model_validator(mode="after")
    def _limits_fit(self) -> "SignalSettings":
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise refusal(f"must be greater than low ({self.low:g})", at=("high",))
        if self.iso_class is not None and self.kind != "vibration" and "kind" in self.model_fields_set:
            raise refusal(f"is for signals of kind vibration, not {self.kind}", at=("iso_class",))
        return self


class MachineSettings(Strict):
    """How the record of a machine is read; times in seconds. The defaults hold for a machine nobody configured."""

    title: Name | None = None
    product: Name | None = None
    microstop_threshold_s: NotNegative = 120.0
    debounce_s: NotNegative = 0.0
    stale_after_s: NotNegative = 60.0
    default_state: Annotated[str, AfterValidator(_state)] = "unknown"
    state_from: Literal["state", "counts", "signal"] = "state"
    parts_timeout_s: Positive = 300.0
    running_signal: Name | None = None
    running_above: float = 0.0
    no_order_is_loss: bool = False
    planned_maintenance_only: bool = True
    planned_stops_are_loss: bool = False
    counter_modulus: int | None = Field(default=None, ge=2)
    counter_plausibility_factor: Positive = 1.5
    reject_signal: Literal["auto", "yes", "no"] = "auto"
    target_oee: float = Field(default=0.85, gt=0, le=1)
    demand_per_h: Positive | None = None
    capacity_per_h: Positive | None = None
    monitor_interval_s: NotNegative = 1.0
    planned_scrap: float | None = Field(default=None, ge=0, lt=1)
    stop_reasons: Annotated[tuple[Name, ...], Field(strict=False, max_length=MOST_REASONS)] = ()
    signals: dict[Name, SignalSettings] = Field(default_factory=dict)
    monitors: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    kpis: dict[Name, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("stop_reasons")
    @classmethod
    def _reasons_are_said_once(cls, reasons: tuple[str, ...]) -> tuple[str, ...]:
        for i, reason in enumerate(reasons):
            if reason in reasons[:i]:
                raise refusal("stands in the list twice", at=(i,))
        return reasons

    @model_validator(mode="after")
    def _signal_is_named(self) -> "MachineSettings":
        if self.state_from == "signal" and self.running_signal is None and "state_from" in self.model_fields_set:
            raise refusal('needs running_signal beside it, such as "current"', at=("state_from",))
        return self
