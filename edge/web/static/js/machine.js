// One machine: what it does now, what it did, what was lost and why, its signals, and what came in that nobody could read.

import "./header.js";
import "./card.js";
import "./losses.js";
import "./timeline.js";
import { readAsset, readAssets, readEvents, readKpis, readRejections } from "./api.js";
import { learnTime, monotonic, serverNow } from "./clock.js";
import { h, setText } from "./dom.js";
import { CorrectionPanel } from "./correctionpanel.js";
import { eventRows } from "./eventtable.js";
import { openExplanation } from "./explain.js";
import { FramePicker } from "./frame.js";
import { HealthPanel } from "./healthpanel.js";
import { setZone } from "./header.js";
import { KpiPanel } from "./kpipanel.js";
import { live } from "./live.js";
import { openLoss, openParts } from "./lossparts.js";
import { nameOf } from "./plant.js";
import { rejectionRows } from "./rejectiontable.js";
import { SignalPanel } from "./signals.js";
import { openStop } from "./stopform.js";
import { stopsOf } from "./stops.js";
import { t } from "./strings.js";

const STRUCTURE_MS = 60_000;
const ROWS = 8;
const EVENT_MINUTES = [60, 5, 0.5];
const EVENTS_AT_ONCE = 200;

class MachinePage extends HTMLElement {
  #status = null;
  #kpis = new Map();
  #structureAt = -Infinity;
  #frame = new FramePicker();
  #stops = [];
  #before = null;
  #lost = null;
  #panel = window.location.hash.slice(1);

  connectedCallback() {
    this.asset = this.getAttribute("asset");
    this.#build();
    this.#frame.addEventListener("change", () => this.#reload());
    for (const node of [this.timeline, this.signals.node, this.health]) node.addEventListener("range", ({ detail }) => this.#frame.zoom(detail));
    this.card.addEventListener("explain", ({ detail }) => this.#explain(detail));
    this.timeline.addEventListener("pick", ({ detail }) => this.#openStop(this.#stops.find(({ start, end }) => start < detail.end && end > detail.start)));
    this.stops.addEventListener("pick", ({ detail }) => this.#openStop(detail));
    this.waterfall.addEventListener("pick", ({ detail }) => this.#openLoss(detail));
    this.reasons.addEventListener("pick", ({ detail }) => this.#showStopsOf(detail));
    this.corrections.addEventListener("corrected", () => this.#corrected());
    this.health.addEventListener("said", () => this.#corrected());
    live.addEventListener("assessment", () => live.soon());
    live.addEventListener("status", ({ detail }) => this.#take(detail));
    live.start({ asset: this.asset, kinds: ["status", "assessment"], refresh: () => this.#refresh() });
  }

  #build() {
    this.heading = h("h1", { class: "visually-hidden" }, this.asset.split("/").at(-1));
    this.card = document.createElement("machine-card");
    this.card.classList.add("wide");
    this.timeline = document.createElement("state-timeline");
    this.waterfall = document.createElement("loss-waterfall");
    this.reasons = document.createElement("stop-reasons");
    this.reasons.toggleAttribute("pickable", true);
    this.stops = document.createElement("stop-list");
    this.corrections = new CorrectionPanel();
    this.signals = new SignalPanel();
    this.health = new HealthPanel();
    this.kpis = new KpiPanel();
    this.rejections = h("ol", { class: "rejections" });
    this.events = h("tbody");
    this.notice = h("p", { class: "notice", role: "status" }, t("board.loading"));
    const all = h("a", { class: "button", href: `/rejections?${new URLSearchParams({ asset: this.asset })}` }, t("rejections.all"));
    this.body = h(
      "div",
      { class: "machine", hidden: true },
      this.card,
      this.#frame.node,
      panel("timeline", t("timeline.title"), this.timeline),
      h("div", { class: "panels" }, panel("losses", t("losses.title"), this.waterfall), panel("reasons", t("reasons.title"), this.reasons)),
      h("div", { class: "panels" }, panel("stops", t("stops.title"), this.stops), panel("corrections", t("corrections.title"), this.corrections.node)),
      panel("health", t("health.title"), this.health.node),
      panel("kpis", t("kpi.title"), this.kpis.node),
      panel("signals", t("signals.title"), this.signals.node),
      h(
        "div",
        { class: "panels" },
        panel("events", t("events.title"), h("div", { class: "table-scroll" }, h("table", { class: "events" }, this.events))),
        panel("rejections", t("rejections.machine"), this.rejections, all),
      ),
    );
    this.crumbs = crumbs(this.asset);
    this.replaceChildren(this.crumbs, this.heading, this.notice, this.body);
  }

  async #refresh() {
    try {
      await this.#readStatus();
      await this.#readAll();
      this.#goToPanel();
    } catch (error) {
      this.#showFailure(error);
      throw error;
    }
  }

  // A link may name a panel; there is none to go to before it is filled.
  #goToPanel() {
    if (!this.#panel) return;
    this.querySelector(`[data-panel="${CSS.escape(this.#panel)}"]`)?.scrollIntoView();
    this.#panel = "";
  }

  async #readStatus() {
    const status = await readAsset(this.asset, "status");
    if (status.kind !== "machine") {
      window.location.replace(`/?${new URLSearchParams({ asset: this.asset })}`);
      return;
    }
    learnTime(status.as_of);
    if (monotonic() - this.#structureAt > STRUCTURE_MS) await this.#readStructure();
    this.#frame.previous = status.shift && (await this.#shiftBefore(status.shift));
    this.#show(status);
  }

  // Asked once in each shift.
  async #shiftBefore({ from }) {
    if (this.#before?.of !== from) this.#before = { of: from, shift: await readAsset(this.asset, "losses", { shift: "previous" }) };
    return this.#before.shift;
  }

  async #readStructure() {
    const [{ assets }, { kpis }] = await Promise.all([readAssets(), readKpis()]);
    this.#kpis = new Map(kpis.map((kpi) => [kpi.name, kpi]));
    nameCrumbs(this.crumbs, assets);
    this.signals.signals = assets.find((asset) => asset.path === this.asset)?.signals ?? [];
    this.#structureAt = monotonic();
  }

  async #readAll() {
    const frame = this.#frame.at(this.#status);
    const window_ = { from: new Date(frame.from).toISOString(), to: new Date(frame.dataTo).toISOString() };
    this.notice.hidden = true; // with the first content: what somebody aims at does not jump when the last has come
    this.body.hidden = false;
    await Promise.all([
      readAsset(this.asset, "timeline", window_).then((answer) => this.#showTimeline(frame, answer)),
      readAsset(this.asset, "losses", window_).then((answer) => this.#showLosses(answer)),
      this.corrections.refresh(this.asset, window_, frame.timezone),
      this.kpis.refresh(this.asset, window_, this.#kpis),
      this.signals.refresh(this.asset, frame),
      this.health.refresh(this.asset, frame, this.signals.signals),
      this.#readRejections(),
      this.#readEvents(),
    ]);
  }

  #showTimeline(frame, answer) {
    this.timeline.show({ ...frame, ...answer, from: frame.from, to: frame.to });
    this.#stops = stopsOf(answer);
    this.stops.show(this.#stops, frame.timezone);
  }

  #openStop(stop) {
    if (!stop) return; // running, or outside the schedule: there is nothing to explain
    const next = this.#stops[this.#stops.indexOf(stop) + 1] ?? null;
    openStop(this.asset, stop, next, this.#status.timezone, (answer) => this.corrections.taken(answer));
  }

  #showStopsOf(row) {
    this.stops.only(row);
    this.stops.scrollIntoView({ block: "center" });
    this.stops.querySelector("button")?.focus({ preventScroll: true });
  }

  #corrected() {
    live.refresh();
    live.soon(); // numbers of hours that are worked out anew follow a moment later
  }

  #showLosses({ from, to, time, reasons }) {
    this.#lost = { from, to };
    this.waterfall.show(time);
    this.reasons.show(reasons);
  }

  #openLoss(step) {
    openLoss(step, this.#kpis, this.asset, this.#lost);
  }

  async #readRejections() {
    const { rejections } = await readRejections({ asset: this.asset, limit: ROWS });
    const open = new Set([...this.rejections.querySelectorAll("li:has(details[open])")].map((node) => node.dataset.offset));
    const rows = rejectionRows(rejections, { zone: this.#status.timezone, withAsset: false });
    for (const row of rows) row.querySelector("details").open = open.has(row.dataset.offset);
    this.rejections.replaceChildren(...(rows.length ? rows : [h("li", { class: "quiet" }, t("rejections.none"))]));
  }

  async #readEvents() {
    const events = await latestEvents(this.asset);
    this.events.replaceChildren(...eventRows(events.slice(-ROWS), this.#status.timezone));
  }

  #explain({ name, value }) {
    const { kpis, parts, window: shift } = this.#status;
    if (!name) return openParts(parts, this.#kpis, this.asset, shift);
    openExplanation({ name, plugin: "", version: "", ...kpis[name], ...this.#kpis.get(name) }, value, this.asset, shift);
  }

  #take(status) {
    if (status.asset !== this.asset || !this.#status) return;
    const changed = status.state !== this.#status.state || status.time_class !== this.#status.time_class;
    this.#show(status);
    if (changed) live.soon();
  }

  #show(status) {
    this.#status = { ...status, received: monotonic() };
    setZone(status.timezone);
    document.title = nameOf(status);
    setText(this.heading, nameOf(status));
    this.card.show(this.#status, this.#kpis);
  }

  #reload() {
    this.signals.forget();
    this.health.forget();
    live.refresh();
  }

  #showFailure(error) {
    if (this.#status) return; // what is there stays; its age is in the header
    this.notice.hidden = false;
    setText(this.notice, error.status >= 400 && error.status < 500 ? t("machine.missing", { asset: this.asset }) : t("board.failed", { why: error.message }));
  }
}

// The API lists events forward in time: the last minutes hold the latest, fewer minutes where there are many.
async function latestEvents(asset) {
  for (const minutes of EVENT_MINUTES) {
    const from = new Date(serverNow() - minutes * 60_000).toISOString();
    const { events, next } = await readEvents({ asset, from, limit: EVENTS_AT_ONCE });
    if (!next || minutes === EVENT_MINUTES.at(-1)) return events;
  }
  return [];
}

function panel(name, title, ...content) {
  return h("section", { class: "panel", "data-panel": name }, h("h2", {}, title), ...content);
}

// demo / packing / l1: each level opens the board with that filter.
function crumbs(asset) {
  const levels = asset.split("/").slice(0, -1);
  const links = levels.map((level, i) => {
    const path = levels.slice(0, i + 1).join("/");
    return h("li", {}, h("a", { href: `/?${new URLSearchParams({ asset: path })}`, "data-path": path, title: path }, level));
  });
  return h("nav", { class: "crumbs", "aria-label": t("nav.crumbs") }, h("ol", {}, h("li", {}, h("a", { href: "/" }, t("board.all"))), links));
}

function nameCrumbs(node, assets) {
  const titles = new Map(assets.map(({ path, title }) => [path, title]));
  for (const link of node.querySelectorAll("[data-path]")) setText(link, titles.get(link.dataset.path) || link.textContent);
}

customElements.define("machine-page", MachinePage);
