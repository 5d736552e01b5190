// What monitors say of one machine: state, remaining life, reasons, sensors, work; health over time and the signals behind.

import { readAssessments, sendRevocation } from "./api.js";
import { serverNow } from "./clock.js";
import "./chart.js";
import { arrange, h, icon, setAttribute } from "./dom.js";
import { momentText, percent, quantity } from "./format.js";
import { change, findingText, healthPill, isAlarm, lifeBasis, lifeText, sigmaText, sinceText } from "./health.js";
import { openAcknowledgement, openWorkDone } from "./healthforms.js";
import { SignalPanel } from "./signals.js";
import { stored } from "./storage.js";
import { t } from "./strings.js";

const PAGE = 1000;
const PAGES = 4;
const SIGNALS = 3;

/** `refresh(asset, frame, signals)`; dispatches `range` like the timeline, and `said` after something was saved. */
export class HealthPanel extends EventTarget {
  #cards = new Map();

  constructor() {
    super();
    this.none = h("p", { class: "quiet" }, t("health.none"));
    this.node = h("div", { class: "health-cards" }, this.none);
  }

  async refresh(asset, frame, signals) {
    const { assessments } = await readAssessments({ asset });
    const nodes = assessments.map((one) => this.#card(one.monitor));
    arrange(this.node, nodes.length ? nodes.map((card) => card.node) : [this.none]);
    await Promise.all(assessments.map((one, i) => nodes[i].show(one, frame, signals)));
  }

  /** The window has changed: everything is read again. */
  forget() {
    for (const card of this.#cards.values()) card.signals.forget();
  }

  #card(monitor) {
    if (!this.#cards.has(monitor)) this.#cards.set(monitor, new HealthCard(this));
    return this.#cards.get(monitor);
  }
}

class HealthCard {
  constructor(panel) {
    this.panel = panel;
    this.head = h("header", { class: "health-head" });
    this.why = h("div", { class: "health-why" });
    this.curve = document.createElement("signal-chart");
    this.signals = new SignalPanel();
    for (const node of [this.curve, this.signals.node]) node.addEventListener("range", ({ detail }) => panel.dispatchEvent(new CustomEvent("range", { detail })));
    this.behind = h("section", {}, h("h3", {}, t("health.signals")), this.signals.node);
    this.node = h("article", { class: "health-card" }, this.head, this.why, this.curve, this.behind);
  }

  async show(one, frame, signals) {
    setAttribute(this.node, "data-monitor", one.monitor);
    this.#showHead(one, frame.timezone);
    this.#showWhy(one, frame.timezone);
    const behind = one.reasons.map((reason) => reason.signal).filter((name) => signals.some((signal) => signal.name === name));
    await Promise.all([this.#showCurve(one, frame), this.#showSignals(one.asset, frame, behind.slice(0, SIGNALS))]);
  }

  #showHead(one, zone) {
    const since = one.since ? t("health.alarmSince", { time: sinceText(one.since, serverNow(), zone) }) : "";
    const figure = (name, value, small = "") =>
      h("div", {}, h("dt", {}, name), h("dd", {}, value, small && h("small", {}, small)));
    const life = figure(t("health.life"), lifeText(one.life), lifeBasis(one.life));
    const health = figure(t("health.figure"), one.health === null ? "–" : percent(one.health, 0));
    const score = figure(t("health.score"), one.score === null ? "–" : quantity(Math.round(one.score * 100) / 100, ""), t("health.score.why"));
    const rules = t("health.rules", { monitor: one.title, version: one.version || "–" });
    const state = h("p", { class: "health-state" }, healthPill(one.state), h("span", {}, since), h("span", { class: "quiet" }, rules));
    this.head.replaceChildren(state, h("dl", { class: "health-figures" }, health, life, score), this.#actions(one, zone));
  }

  #actions(one, zone) {
    const done = () => this.panel.dispatchEvent(new CustomEvent("said"));
    const signals = one.reasons.map((reason) => reason.signal).filter(Boolean);
    const work = h("button", { type: "button", class: "button", click: () => openWorkDone(one.asset, one.monitor, signals, done) }, icon("setup"), t("health.done"));
    if (!one.acknowledged) {
      const click = () => openAcknowledgement(one.asset, one.monitor, done);
      const take = isAlarm(one.state) && h("button", { type: "button", class: "button primary", click }, icon("flag"), t("health.acknowledge"));
      return h("div", { class: "health-actions" }, take, work);
    }
    const { id, by, why, at } = one.acknowledged;
    const taken = h("span", { class: "health-taken" }, icon("flag"), t("health.acknowledged", { by, why, time: momentText(Date.parse(at), zone) }));
    const back = () => sendRevocation(id, { by: stored("person", "") || by, why: t("health.revoke") }).then(done, done);
    return h("div", { class: "health-actions" }, taken, h("button", { type: "button", class: "button", click: back }, t("health.revoke")), work);
  }

  #showWhy(one, zone) {
    const silent = { ok: "health.noReason", learning: "health.learns", unknown: "health.unknowns" }[one.state] ?? "health.noneSaid";
    const parts = [one.reasons.length ? reasonTable(one.reasons, zone) : h("p", { class: "quiet" }, t(silent))];
    if (one.work) parts.push(h("section", {}, h("h3", {}, t("health.work")), h("p", { class: "health-work" }, one.work)));
    if (one.findings.length) {
      const rows = one.findings.map((finding) => h("li", {}, `${findingText(finding)}, ${t("health.alarmSince", { time: sinceText(finding.since, serverNow(), zone) })}`));
      parts.push(h("section", { class: "health-sensors" }, h("h3", {}, t("health.sensors")), h("ul", {}, rows), h("p", { class: "quiet" }, t("health.sensors.why"))));
    }
    this.why.replaceChildren(...parts);
  }

  async #showCurve(one, frame) {
    const rows = await readHistory({ asset: one.asset, monitor: one.monitor, from: new Date(frame.from).toISOString(), to: new Date(frame.dataTo).toISOString() });
    const points = steps(rows.length ? rows : [one], frame.from, frame.dataTo);
    this.curve.hidden = !points.some(({ hole }) => !hole);
    const series = { signal: "health", title: t("health.curve"), unit: "%", resolution_s: Infinity, range: [0, 105], points };
    if (!this.curve.hidden) this.curve.show(series, { ...frame, to: frame.dataTo });
  }

  async #showSignals(asset, frame, names) {
    this.behind.hidden = !names.length;
    if (names.join() !== this.signals.signals.map(({ name }) => name).join()) this.signals.forget();
    this.signals.signals = names.map((name) => ({ name }));
    if (names.length) await this.signals.refresh(asset, frame);
  }
}

// What was said holds until something else is said: a point at both ends of each, a hole where no health is known.
function steps(rows, from, to) {
  const found = [];
  const times = rows.map((row) => Math.max(from, Date.parse(row.ts)));
  rows.forEach(({ health }, i) => {
    const end = Math.min(to, i + 1 < rows.length ? times[i + 1] - 1 : to);
    if (times[i] > end) return;
    if (health === null) found.push(Object.assign([times[i]], { hole: true }));
    else for (const at of new Set([times[i], end])) found.push([at, 100 * health, 100 * health, 100 * health, 1]);
  });
  return found;
}

function reasonTable(reasons, zone) {
  const titles = ["signal", "value", "expected", "change", "sigma", "since"].map((name) => h("th", { scope: "col" }, t(`health.${name}`)));
  const rows = reasons.map((reason) =>
    reason.signal
      ? h(
          "tr",
          { "data-signal": reason.signal },
          h("th", { scope: "row" }, reason.signal, reason.text && h("small", {}, reason.text)),
          h("td", {}, quantity(reason.value, "")),
          h("td", {}, quantity(reason.expected, "")),
          h("td", {}, h("strong", {}, change(reason) || "–")),
          h("td", {}, sigmaText(reason.sigma)),
          h("td", {}, sinceText(reason.since, serverNow(), zone)),
        )
      : h("tr", {}, h("td", { colspan: titles.length }, reason.text)),
  );
  const table = h("table", { class: "health-reasons" }, h("thead", {}, h("tr", {}, titles)), h("tbody", {}, rows));
  return h("section", {}, h("h3", {}, t("health.reasons")), h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": t("health.reasons") }, table));
}

// What was said over a time; of very long ones the first pages.
async function readHistory(asked) {
  const rows = [];
  let after = null;
  for (let page = 0; page < PAGES; page++) {
    const { assessments, next } = await readAssessments({ ...asked, limit: PAGE, after });
    rows.push(...assessments);
    after = next;
    if (after === null) break;
  }
  return rows;
}
