"""The plugins' formulas by group and by the names of inputs and outputs in worked examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from math import fsum
from typing import Any

from edge.calendar import Calendar
from edge.clock import SECOND, from_text, to_text
from edge.settings.site import SiteSettings
from edge_capability import charts, constants
from edge_capability import formulas as capability
from edge_capability.run_rules import findings
from edge_first_pass_yield import formulas as yields
from edge_oee import formulas as oee
from edge_orders import formulas as orders
from edge_reliability import formulas as reliability
from edge_scrap import formulas as scrap
from edge_throughput import formulas as throughput

Formula = Callable[..., Any]
Named = tuple[str, Formula]
UNKNOWN = object()
MAY_BE_MISSING = {"usl", "lsl"}

UNITS = {"_h": ("_s", 3600), "_hours": ("_s", 3600), "_min": ("_s", 60), "_minutes": ("_s", 60), "_d": ("_s", 86_400)}
"""Times of other units are seconds, so that formulas of one group fit together."""

ALIASES = {
    "total_count": "total", "produced": "total", "output": "total", "rejects": "reject", "rejected": "reject",
    "bad": "reject", "good_count": "good", "performance_rate": "performance", "availability_rate": "availability",
    "quality_rate": "quality", "busy_s": "planned_s", "planned_busy_s": "planned_s", "run_time_s": "run_s",
    "operating_s": "run_s", "ideal_cycle_s": "ideal_s", "cycle_s": "ideal_s", "stop_s": "downtime_s",
    "breaks_s": "excluded_s", "break_s": "excluded_s", "utilization": "utilisation",
    "planned_production_s": "planned_s", "uptime_s": "run_s", "pq": "total", "gq": "good", "sq": "reject",
    "rq": "rework", "cm": "consumed", "consumed_material": "consumed", "ast_s": "setup_s", "asut_s": "setup_s",
    "required_s": "planned_s", "loading_s": "planned_s", "utilization_efficiency": "utilisation_efficiency",
}  # fmt: skip
"""Other names of inputs and outputs in the groups of OEE."""

OEE: list[Named] = [
    ("planned_s", lambda shift_s, excluded_s: oee.planned_time(shift_s, excluded_s)),
    ("planned_s", lambda run_s, downtime_s: run_s + downtime_s),
    ("planned_s", lambda shift_s, run_s: shift_s),
    ("planned_s", lambda shift_s, downtime_s: shift_s),
    ("run_s", lambda planned_s, downtime_s: oee.run_time(planned_s, downtime_s)),
    ("run_s", lambda planned_s, availability: planned_s * availability),
    ("downtime_s", lambda planned_s, run_s: planned_s - run_s),
    ("ideal_s", lambda ideal_rate_per_min: 60 / ideal_rate_per_min),
    ("ideal_s", lambda ideal_rate_per_h: 3600 / ideal_rate_per_h),
    ("ideal_s", lambda rate_per_min: 60 / rate_per_min),
    ("ideal_s", lambda rate_per_h: 3600 / rate_per_h),
    ("total", lambda good, reject: good + reject),
    ("good", lambda total, reject: oee.good_count(total, reject)),
    ("good", lambda total, reject, rework: total - reject - rework),
    ("reject", lambda total, good: total - good),
    ("ideal_total_s", lambda ideal_s, total: ideal_s * total),
    ("ideal_good_s", lambda ideal_s, good: ideal_s * good),
    ("availability", lambda run_s, planned_s: oee.availability(run_s, planned_s)),
    ("availability", lambda downtime_rate: 1 - downtime_rate),
    ("performance", lambda ideal_total_s, run_s: oee.performance(ideal_total_s, run_s)),
    ("performance", lambda actual_rate, ideal_rate: oee.performance(actual_rate, ideal_rate)),
    ("performance", lambda actual_rate, target_rate: oee.performance(actual_rate, target_rate)),
    ("performance", lambda total, target: oee.performance(total, target)),
    ("quality", lambda good, total: oee.quality(good, total)),
    ("quality", lambda defect_rate: 1 - defect_rate),
    ("oee", lambda availability, performance, quality: oee.oee(availability, performance, quality)),
    ("oee", lambda ideal_good_s, planned_s: oee.oee_of_times(ideal_good_s, planned_s)),
    ("nee", lambda oee_, run_s, setup_s: oee.nee(oee_, run_s, setup_s)),
    ("utilisation", lambda planned_s, calendar_s: oee.utilisation(planned_s, calendar_s)),
    ("teep", lambda oee_, utilisation: oee.teep(oee_, utilisation)),
    ("teep", lambda ideal_good_s, calendar_s: oee.oee_of_times(ideal_good_s, calendar_s)),
    ("oee", lambda teep, utilisation: teep / utilisation),
    ("loss_s", lambda actual_rate, target_rate, total: oee.slow_time(actual_rate, target_rate, total)),
    ("lost", lambda actual_rate, target_rate, total: oee.slow_time(actual_rate, target_rate, total)),
    ("minutes", lambda actual_rate, target_rate, total: oee.slow_time(actual_rate, target_rate, total)),
    ("reduced_speed_s", lambda run_s, micro_s, ideal_total_s: oee.reduced_speed(run_s, micro_s, ideal_total_s)),
    ("speed_loss_s", lambda run_s, ideal_total_s: oee.reduced_speed(run_s, 0.0, ideal_total_s)),
    ("quality_loss_s", lambda ideal_s, reject: ideal_s * reject),
    ("value", lambda values, weights: oee.weighted_mean(values, weights)),
    ("value", lambda numerators, denominators: oee.pooled(numerators, denominators)),
    ("value", lambda numerator, denominator: oee.ratio(numerator, denominator)),
    ("value", lambda values: oee.mean(values)),
    ("value", lambda factors: oee.product(factors)),
    ("value", lambda terms: fsum(terms)),
    ("value", lambda actual_rate, target_rate, total: oee.slow_time(actual_rate, target_rate, total)),
    ("scrap_ratio", lambda reject, total: scrap.scrap_ratio(reject, total)),
    ("rework_ratio", lambda rework, total: scrap.rework_ratio(rework, total)),
    ("fall_off_ratio", lambda reject, first: scrap.fall_off_ratio(reject, first)),
    ("actual_to_planned_scrap", lambda reject, planned_scrap: scrap.actual_to_planned_scrap(reject, planned_scrap)),
    ("finished_goods_ratio", lambda good, consumed: scrap.finished_goods_ratio(good, consumed)),
    ("integrated_goods_ratio", lambda integrated, consumed: scrap.integrated_goods_ratio(integrated, consumed)),
    *(
        (f"{name}_loss_ratio", lambda loss, consumed: scrap.loss_ratio(loss, consumed))
        for name in ("production", "storage_and_transport", "other")
    ),
    ("allocation_efficiency", lambda aubt_s, planned_s: oee.allocation_efficiency(aubt_s, planned_s)),
    ("allocation_ratio", lambda aubt_s, aoet_s: oee.allocation_ratio(aubt_s, aoet_s)),
    ("utilisation_efficiency", lambda apt_s, aubt_s: oee.utilisation_efficiency(apt_s, aubt_s)),
    ("technical_efficiency", lambda apt_s, adet_s: oee.technical_efficiency(apt_s, adet_s)),
    ("setup_ratio", lambda setup_s, aupt_s: oee.setup_ratio(setup_s, aupt_s)),
    ("production_process_ratio", lambda apt_s, aoet_s: oee.production_process_ratio(apt_s, aoet_s)),
    ("aupt_s", lambda setup_s, apt_s: setup_s + apt_s),
    ("planned_s", lambda calendar_s, idle_s: oee.required_time(calendar_s, idle_s)),
    ("planned_s", lambda available_s, idle_s: oee.required_time(available_s, idle_s)),
    ("utilisation", lambda available_s, idle_s: oee.utilisation(oee.required_time(available_s, idle_s), available_s)),
    ("planned_s", lambda pot_s, excluded_s: oee.planned_time(pot_s, excluded_s)),
    ("planned_s", lambda pbt_s: pbt_s),
    ("run_s", lambda apt_s: apt_s),
]

YIELD: list[Named] = [
    ("units", lambda good, scrapped, reworked: good + scrapped + reworked),
    ("fpy", lambda first_pass, units: yields.fpy(first_pass, units)),
    ("first_pass", lambda units, scrapped, reworked: units - scrapped - reworked),
    ("ftt", lambda units, scrapped, reworked: yields.first_time_through(units, scrapped, reworked)),
    ("fty", lambda units, scrapped, reworked: yields.first_time_through(units, scrapped, reworked)),
    ("ftt", lambda fpy: fpy),
    ("fty", lambda fpy: fpy),
    ("final_yield", lambda units, scrapped: yields.final_yield(units, scrapped)),
    ("final_yield", lambda final_pass, units: yields.fpy(final_pass, units)),
    ("rty", lambda yields_: yields.rty(yields_)),
    ("yields_", lambda dpmos: [1 - one / 1e6 for one in dpmos]),
    ("yields_", lambda units_in, units_out: [out / of for of, out in zip(units_in, units_out, strict=True)]),
    ("dpu", lambda defects, units: yields.dpu(defects, units)),
    ("dpu", lambda dpus: fsum(dpus)),
    ("rty", lambda dpu: yields.rty_of_dpu(dpu)),
    ("tpy", lambda dpu: yields.rty_of_dpu(dpu)),
    ("throughput_yield", lambda dpu: yields.rty_of_dpu(dpu)),
    ("dpu", lambda rty: yields.dpu_of_yield(rty)),
    ("steps", lambda yields_: len(yields_)),
    ("normalised", lambda rty, steps: yields.normalised_yield(rty, steps)),
    ("normalised_yield", lambda rty, steps: yields.normalised_yield(rty, steps)),
    ("normalized_yield", lambda rty, steps: yields.normalised_yield(rty, steps)),
    ("dpo", lambda defects, units, opportunities: yields.dpo(defects, units, opportunities)),
    ("dpmo", lambda defects, units, opportunities: yields.dpmo(defects, units, opportunities)),
    ("dpmo", lambda dpo: dpo * 1e6),
    ("dpmo", lambda dpu, opportunities: yields.dpmo(dpu, 1, opportunities)),
    ("shift", lambda: yields.SHIFT),
    ("two_sided", lambda: False),
    ("dpmo", lambda sigma, shift, two_sided: yields.dpmo_of_sigma(sigma, shift=shift, two_sided=two_sided)),
    ("dpmo", lambda yield_: (1 - yield_) * 1e6),
    ("yield_", lambda dpmo: 1 - dpmo / 1e6),
    ("sigma_level", lambda dpmo, shift, two_sided: yields.sigma_level(dpmo, shift=shift, two_sided=two_sided)),
]

SPC: list[Named] = [
    ("mean", lambda values: capability.mean(values)),
    ("sd", lambda values: capability.sample_sd(values)),
    ("n", lambda values: len(values)),
    ("mrbar", lambda values: capability.moving_range(values)),
    ("n", lambda subgroups: len(subgroups[0])),
    ("xbarbar", lambda subgroups: charts.subgroup_means(subgroups)[0]),
    ("rbar", lambda subgroups: charts.subgroup_means(subgroups)[1]),
    ("sbar", lambda subgroups: charts.subgroup_means(subgroups)[2]),
    ("mean", lambda xbarbar: xbarbar),
    ("xbarbar", lambda xbar: xbar),
    ("d2", lambda n: constants.D2[n]),
    ("c4", lambda n: constants.c4(n)),
    ("sigma", lambda sd: sd),
    ("sigma", lambda rbar, d2: rbar / d2),
    ("sigma", lambda sbar, c4: sbar / c4),
    ("sigma", lambda mrbar: capability.sigma_of_range(mrbar)),
    ("sigma_within", lambda sigma: sigma),
    ("usl", lambda nominal, tolerance: nominal + tolerance),
    ("lsl", lambda nominal, tolerance: nominal - tolerance),
    ("usl", lambda lsl: None),
    ("lsl", lambda usl: None),
    ("cp", lambda usl, lsl, sigma: capability.cp(usl, lsl, sigma)),
    ("cpu", lambda usl, mean, sigma: capability.cpu(usl, mean, sigma)),
    ("cpl", lambda lsl, mean, sigma: capability.cpl(lsl, mean, sigma)),
    ("cpk", lambda usl, lsl, mean, sigma: capability.cpk(usl, lsl, mean, sigma)),
    ("k", lambda usl, lsl, mean: capability.k(usl, lsl, mean)),
    ("cpm", lambda usl, lsl, mean, sigma, target: capability.cpm(usl, lsl, mean, sigma, target)),
    ("overall", lambda sigma_overall: sigma_overall),
    ("overall", lambda sd: sd),
    ("overall", lambda s: s),
    ("sigma", lambda s: s),
    ("overall", lambda sigma: sigma),
    ("pp", lambda usl, lsl, overall: capability.pp(usl, lsl, overall)),
    ("ppk", lambda usl, lsl, mean, overall: capability.ppk(usl, lsl, mean, overall)),
    ("cm", lambda usl, lsl, overall: capability.cm(usl, lsl, overall)),
    ("cmk", lambda usl, lsl, mean, overall: capability.cmk(usl, lsl, mean, overall)),
    ("z", lambda usl, mean, sigma: 3 * capability.upper(usl, mean, sigma)),
]

IMR: list[Named] = [
    ("ucl", lambda values: charts.individuals(values)[0].ucl),
    ("lcl", lambda values: charts.individuals(values)[0].lcl),
    ("ucl", lambda mean, mrbar: charts.around(mean, 3 * capability.sigma_of_range(mrbar)).ucl),
    ("lcl", lambda mean, mrbar: charts.around(mean, 3 * capability.sigma_of_range(mrbar)).lcl),
    ("mr_ucl", lambda mrbar: charts.range_limits(mrbar, 2).ucl),
    ("mr_lcl", lambda mrbar: charts.range_limits(mrbar, 2).lcl),
]
XBAR: list[Named] = [
    *(
        (name, formula)
        for prefix in ("", "x_", "xbar_")
        for name, formula in (
            (f"{prefix}ucl", lambda xbarbar, rbar, a2: xbarbar + a2 * rbar),
            (f"{prefix}lcl", lambda xbarbar, rbar, a2: xbarbar - a2 * rbar),
            (f"{prefix}ucl", lambda xbarbar, rbar, n: charts.mean_limits(xbarbar, rbar, n).ucl),
            (f"{prefix}lcl", lambda xbarbar, rbar, n: charts.mean_limits(xbarbar, rbar, n).lcl),
            (f"{prefix}ucl", lambda xbarbar, sbar, n: charts.mean_limits_s(xbarbar, sbar, n).ucl),
            (f"{prefix}lcl", lambda xbarbar, sbar, n: charts.mean_limits_s(xbarbar, sbar, n).lcl),
        )
    ),
    ("xbarbar", lambda mean: mean),
    ("xbarbar", lambda grand_mean: grand_mean),
    ("r_ucl", lambda rbar, d4: d4 * rbar),
    ("r_lcl", lambda rbar, d3: d3 * rbar),
    ("r_ucl", lambda rbar, n: charts.range_limits(rbar, n).ucl),
    ("r_lcl", lambda rbar, n: charts.range_limits(rbar, n).lcl),
    ("s_ucl", lambda sbar, n: charts.sd_limits(sbar, n).ucl),
    ("s_lcl", lambda sbar, n: charts.sd_limits(sbar, n).lcl),
]
EWMA: list[Named] = [
    ("series", lambda values, target, lambda_: charts.ewma(values, target, lambda_)),
    ("width", lambda: 3.0),
    ("ucl", lambda target, sigma, lambda_, width: charts.ewma_limits(target, sigma, lambda_, width=width).ucl),
    ("lcl", lambda target, sigma, lambda_, width: charts.ewma_limits(target, sigma, lambda_, width=width).lcl),
]
CUSUM: list[Named] = [
    (name, lambda values, target, k, side=side: charts.cusum(values, target, k)[side])
    for side, names in enumerate((("high", "up", "upper", "sh", "c_plus"), ("low", "down", "lower", "sl", "c_minus")))
    for name in names
]
ATTRIBUTES: list[Named] = [
    ("ucl", lambda p, n: charts.share_limits(p, n).ucl),
    ("lcl", lambda p, n: charts.share_limits(p, n).lcl),
    ("ucl", lambda c: charts.count_limits(c).ucl),
    ("lcl", lambda c: charts.count_limits(c).lcl),
]

RELIABILITY: list[Named] = [
    ("uptime", lambda total_time, downtime: total_time - downtime),
    ("uptime", lambda devices, hours: devices * hours),
    ("uptime", lambda units, hours: units * hours),
    ("repair", lambda downtime: downtime),
    ("repairs", lambda failures: failures),
    ("mtbf", lambda uptime, failures: reliability.mtbf(uptime, failures)),
    ("mttr", lambda repair, repairs: reliability.mttr(repair, repairs)),
    ("mtbf", lambda failure_rate: 1 / failure_rate),
    ("failure_rate", lambda mtbf: reliability.failure_rate(mtbf)),
    ("availability", lambda mtbf, mttr: reliability.inherent_availability(mtbf, mttr)),
    ("mtbf", lambda times: reliability.mean_time(times)),
    ("mttf", lambda times: reliability.mean_time(times)),
    ("mttr", lambda times: reliability.mean_time(times)),
    ("mttr", lambda repair_times: reliability.mean_time(repair_times)),
    ("mttf", lambda uptime, failures: reliability.mtbf(uptime, failures)),
    (
        "corrective_maintenance_ratio",
        lambda corrective, planned: reliability.corrective_maintenance_ratio(corrective, planned),
    ),
    ("reliability", lambda t, mtbf: reliability.survival(t, mtbf)),
    ("r", lambda t, mtbf: reliability.survival(t, mtbf)),
]
SERIES: list[Named] = [
    ("mtbf", lambda mtbf: reliability.series_mtbf(mtbf)),
    ("failure_rate", lambda rates: fsum(rates)),
    ("mtbf", lambda rates: 1 / fsum(rates)),
    ("availability", lambda availabilities: reliability.series_availability(availabilities)),
    ("availability", lambda availability: reliability.series_availability(availability)),
    ("reliability", lambda reliabilities: reliability.series_availability(reliabilities)),
]
PARALLEL: list[Named] = [
    ("availability", lambda availabilities: reliability.parallel_availability(availabilities)),
    ("availability", lambda availability: reliability.parallel_availability(availability)),
    ("reliability", lambda reliabilities: reliability.parallel_availability(reliabilities)),
]
WEIBULL: list[Named] = [
    ("beta", lambda t1, f1, t2, f2: reliability.weibull_beta(t1, f1, t2, f2)),
    ("eta", lambda t1, f1, beta: reliability.weibull_eta(t1, f1, beta)),
    ("mttf", lambda beta, eta: reliability.weibull_mttf(beta, eta)),
    ("mtbf", lambda beta, eta: reliability.weibull_mttf(beta, eta)),
    *(
        (name, lambda t, beta, eta: reliability.weibull_reliability(t, beta, eta))
        for name in ("reliability", "r", "survival")
    ),
    *(
        (name, lambda t, beta, eta: 1 - reliability.weibull_reliability(t, beta, eta))
        for name in ("f", "unreliability")
    ),
    *((name, lambda p, beta, eta: reliability.weibull_life(p, beta, eta)) for name in ("t", "life", "bp", "b_life")),
    *((name, lambda beta, eta: reliability.weibull_life(0.1, beta, eta)) for name in ("b10", "b10_life")),
    ("b5", lambda beta, eta: reliability.weibull_life(0.05, beta, eta)),
    ("b50", lambda beta, eta: reliability.weibull_life(0.5, beta, eta)),
    ("b1", lambda beta, eta: reliability.weibull_life(0.01, beta, eta)),
]
LOGISTICS: list[Named] = [
    ("inventory", lambda opening, closing: orders.average_inventory(opening, closing)),
    ("inventory", lambda inventories: orders.cycle_time(inventories)),
    ("turns", lambda flow, inventory: orders.turns(flow, inventory)),
    ("period_days", lambda: orders.DAYS_A_YEAR),
    ("days", lambda turns, period_days: orders.inventory_days(turns, period_days)),
    ("available", lambda shifts, per_shift: shifts * per_shift),
    ("available", lambda total_time, breaks: total_time - breaks),
    ("takt", lambda available, demand: throughput.takt(available, demand)),
    ("stations", lambda work, takt: throughput.stations(work, takt)),
    ("worker_efficiency", lambda working, attendance: throughput.worker_efficiency(working, attendance)),
    ("attainment", lambda produced, demand: throughput.takt_attainment(produced, demand)),
    ("load", lambda produced, capacity: throughput.equipment_load(produced, capacity)),
    ("utilisation", lambda produced, capacity: throughput.equipment_load(produced, capacity)),
    ("rate", lambda produced, time: throughput.throughput_rate(produced, time)),
    ("gross", lambda times: orders.cycle_time(times)),
    ("gross", lambda gross_times: orders.cycle_time(gross_times)),
    ("net", lambda gross, dwell: gross - dwell),
    ("net", lambda times, dwells: orders.net_cycle_time(times, dwells)),
    ("cycle_time", lambda times: orders.cycle_time(times)),
    ("otd", lambda on_time, delivered: orders.on_time_delivery(on_time, delivered)),
    ("otd", lambda on_time, total: orders.on_time_delivery(on_time, total)),
    ("on_time_delivery", lambda on_time, delivered: orders.on_time_delivery(on_time, delivered)),
    ("wip", lambda rate, lead_time: orders.work_in_process(rate, lead_time)),
    ("wip", lambda throughput, lead_time: orders.work_in_process(throughput, lead_time)),
    ("lead_time", lambda wip, rate: orders.lead_time(wip, rate)),
    ("lead_time", lambda wip, throughput: orders.lead_time(wip, throughput)),
]


def working_time(inputs: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of [from, to) in the shift, or in the periods without work, by the calendar of the core."""
    site: dict[str, Any] = {}
    if "shift_start" in inputs:
        hours, minutes = map(int, inputs["shift_start"].split(":"))
        end = (hours * 60 + minutes + round(inputs["shift_hours"] * 60)) % 1440
        times = {"start": inputs["shift_start"], "end": f"{end // 60:02}:{end % 60:02}"}
        site["shifts"] = [{"name": "shift", **times, **({"days": inputs["days"]} if "days" in inputs else {})}]
    site["unscheduled"] = [
        {"from": f"{period['start']}:00Z", "to": f"{_later(period['start'], period['hours'])}"}
        for period in inputs.get("periods", ())
    ]
    kind = "scheduled" if "shift_start" in inputs else "unscheduled"
    start, end_us = (from_text(f"{inputs[name]}:00Z") for name in ("from", "to"))
    pieces = Calendar(SiteSettings.model_validate(site)).pieces(start, end_us) if start < end_us else ()
    return {"seconds": sum(piece.end - piece.start for piece in pieces if piece.kind == kind) / SECOND}


def _later(start: str, hours: float) -> str:
    return to_text(from_text(f"{start}:00Z") + round(hours * 3600) * SECOND)


def fires(inputs: Mapping[str, Any]) -> dict[str, list[str]]:
    """Findings of a rule set as rule@point."""
    known = {"centre": inputs.get("centre", inputs.get("mean", 0.0)), "sigma": inputs.get("sigma", 1.0)}
    return {"fires": [f"{one.rule}@{one.index}" for one in findings(inputs["values"], inputs["rules"], **known)]}


WHOLE: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {"calendar": working_time, "run_rules": fires}
BY_KPI: dict[str, list[Named]] = {
    "imr": [*IMR, *SPC], "xbar_r": [*XBAR, *SPC], "xbar_s": [*XBAR, *SPC], "ewma": [*EWMA, *SPC],
    "cusum": [*CUSUM, *SPC], "p": ATTRIBUTES, "c": ATTRIBUTES, "p_chart": ATTRIBUTES, "c_chart": ATTRIBUTES,
    "series_mtbf": SERIES, "series_availability": SERIES, "series": SERIES, "parallel": PARALLEL,
    "parallel_availability": PARALLEL,
}  # fmt: skip
BY_GROUP = {
    "oee": OEE, "aggregation": OEE, "teep": OEE, "loss": OEE, "yield": YIELD, "spc": SPC, "logistics": LOGISTICS,
    "reliability": [*RELIABILITY, *WEIBULL], "throughput": LOGISTICS, "scrap": OEE,
}  # fmt: skip
PYTHON = {"lambda": "lambda_", "yields": "yields_", "yield": "yield_"}


def named(group: str, name: str, value: Any) -> tuple[str, Any]:
    """An input by the name and in the unit that the formulas have."""
    if group in ("oee", "aggregation", "teep", "loss", "scrap"):
        for suffix, (seconds, factor) in UNITS.items():
            if name.endswith(suffix) and not name.endswith(("rate_per_h", "rate_per_min")):
                name = name.removesuffix(suffix) + seconds
                value = [one * factor for one in value] if isinstance(value, list) else value * factor
        name = ALIASES.get(name, name)
    return PYTHON.get(name, name), value


def derived(wanted: str, known: Mapping[str, Any], formulas: list[Named], *, from_inputs: bool = True,
            pending: frozenset[str] = frozenset()) -> Any:  # fmt: skip
    """The value of a name from what is known, by the first formula whose arguments can be had; else UNKNOWN.

    An argument that is None (0/0) makes None of all that needs it, but for a limit that is not set."""
    if from_inputs and wanted in known:
        return known[wanted]
    ways = [(formula, needed(formula)) for output, formula in formulas if output == wanted]
    for formula, needs in sorted(ways, key=lambda way: -len(way[1])):
        arguments = [
            UNKNOWN if name in pending else derived(name, known, formulas, pending=pending | {wanted}) for name in needs
        ]
        if UNKNOWN in arguments:
            continue
        if any(one is None and name not in MAY_BE_MISSING for name, one in zip(needs, arguments, strict=True)):
            return None
        return formula(*arguments)
    return known.get(wanted, UNKNOWN)


def needed(formula: Formula) -> list[str]:
    """What a formula is made of; `oee_` is the number, `oee` the module."""
    parameters = signature(formula).parameters.items()
    return ["oee" if name == "oee_" else name for name, one in parameters if one.default is one.empty]


def outputs(example: Mapping[str, Any]) -> dict[str, Any]:
    """What the functions make of an example's inputs, by the names of what is expected."""
    group, kpi = example["group"], example["kpi"]
    if group in WHOLE:
        return dict(WHOLE[group](example["inputs"]))
    formulas = BY_KPI.get(kpi) or BY_GROUP[group]
    known = dict(named(group, name, value) for name, value in example["inputs"].items())
    found = {}
    for name in example["expected"]:
        asked, factor = named(group, name, 1)
        value = derived(asked, known, formulas, from_inputs=False)
        found[name] = value / factor if factor != 1 and isinstance(value, float | int) else value
    return found
