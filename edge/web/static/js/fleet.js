// The machines of the plant by urgency: which one needs attention, why, and how long it will last.

import "./header.js";
import { assetPage, readAsset, readAssessments, readAssets } from "./api.js";
import { serverNow } from "./clock.js";
import { arrange, h, icon, setAttribute, setText } from "./dom.js";
import { percent } from "./format.js";
import { findingText, HEALTH, healthLook, healthPill, lifeBasis, lifeText, reasonText, sinceText, together } from "./health.js";
import { plantZone, setZone } from "./header.js";
import { live } from "./live.js";
import { nameOf } from "./plant.js";
import { t } from "./strings.js";

const PAGE = 500;
const MOST = 5000;
const NOTHING = { assessments: [], counts: {}, monitors: [] };

class FleetList extends HTMLElement {
  #query = new URLSearchParams(window.location.search);
  #titles = new Map();
  #rows = new Map();

  connectedCallback() {
    document.title = t("nav.maintenance");
    this.counts = h("ul", { class: "counts", "aria-label": t("fleet.counts") });
    this.place = h("select", { "aria-label": t("board.place"), hidden: true, change: () => this.#filter("asset", this.place.value) });
    this.notice = h("p", { class: "notice", role: "status" }, t("board.loading"));
    this.troubles = h("ul", { class: "fleet-troubles" });
    this.list = h("ol", { class: "fleet" });
    const heading = h("h1", { class: "visually-hidden" }, t("nav.maintenance"));
    this.replaceChildren(heading, h("div", { class: "board-bar" }, this.counts, h("div", { class: "board-tools" }, this.place)), this.troubles, this.notice, this.list);
    live.addEventListener("assessment", () => live.soon());
    live.start({ asset: this.#asset, kinds: ["assessment"], refresh: () => this.#refresh() });
  }

  get #asset() {
    return this.#query.get("asset") ?? "";
  }

  get #state() {
    return HEALTH.includes(this.#query.get("state")) ? this.#query.get("state") : "";
  }

  async #refresh() {
    try {
      if (!this.#titles.size) await this.#readStructure();
      const unheard = this.#asset && !this.#titles.size; // of an empty plant no place can be asked for
      this.#show(unheard ? NOTHING : await this.#read());
    } catch (error) {
      if (!this.list.children.length) setText(this.notice, t("board.failed", { why: error.message }));
      throw error;
    }
  }

  // Everything in the chosen state, page by page; what changes places meanwhile is there with the next refresh.
  async #read() {
    const asked = { asset: this.#asset, state: this.#state, limit: PAGE };
    const answer = await readAssessments(asked);
    for (let { next } = answer; next !== null && answer.assessments.length < MOST; ) {
      const page = await readAssessments({ ...asked, after: next });
      answer.assessments.push(...page.assessments);
      next = page.next;
    }
    return answer;
  }

  async #readStructure() {
    const { assets } = await readAssets();
    this.#titles = new Map(assets.map((asset) => [asset.path, nameOf({ asset: asset.path, ...asset })]));
    const places = assets.filter((asset) => asset.kind !== "machine").map((asset) => h("option", { value: asset.path }, this.#titles.get(asset.path)));
    this.place.replaceChildren(h("option", { value: "" }, t("board.all")), ...places);
    this.place.value = this.#asset;
    this.place.hidden = !places.length;
    const machine = assets.find((asset) => asset.kind === "machine");
    if (!plantZone() && machine) setZone((await readAsset(machine.path, "status")).timezone);
  }

  #show({ assessments, counts, monitors }) {
    arrange(this.list, assessments.map((one) => this.#row(one)));
    this.notice.hidden = assessments.length > 0;
    setText(this.notice, Object.keys(counts).length ? t("fleet.quiet") : t("fleet.empty"));
    this.#showCounts(counts);
    this.#showTroubles(monitors);
  }

  #showCounts(counts) {
    const chips = HEALTH.filter((state) => counts[state] || state === this.#state).map((state) => this.#chip(state, counts[state] ?? 0));
    this.counts.replaceChildren(...chips);
  }

  #chip(state, number) {
    const { tone, icon: symbol, label } = healthLook(state);
    const chosen = state === this.#state;
    const attributes = { type: "button", class: "count", "data-tone": tone, "data-health": state, "aria-pressed": String(chosen), title: t("fleet.only") };
    const click = () => this.#filter("state", chosen ? "" : state);
    return h("li", {}, h("button", { ...attributes, click }, icon(symbol), h("strong", {}, String(number)), h("span", {}, label)));
  }

  #showTroubles(monitors) {
    const broken = monitors.filter((one) => one.failures).map((one) => t("fleet.broken", { monitor: one.title, n: one.failures, why: one.last_error ?? "" }));
    const paused = monitors.filter((one) => one.paused).map((one) => t("fleet.paused", { monitor: one.title, n: one.paused }));
    const off = monitors.filter((one) => one.off).map((one) => t("fleet.off", { monitor: one.title, why: one.off }));
    this.troubles.replaceChildren(...[...off, ...paused, ...broken].map((text) => h("li", { class: "chip warn" }, text)));
    this.troubles.hidden = !this.troubles.children.length;
  }

  // A row stays as long as nothing about it is new, so that the focus and a selection stay too.
  #row(one) {
    const key = `${one.asset} ${one.monitor}`;
    const content = JSON.stringify([one.state, one.health?.toFixed(2), one.life, one.reasons, one.findings, one.work, one.acknowledged, one.since]);
    const held = this.#rows.get(key);
    if (held?.content === content) return held.node;
    const node = this.#drawn(one);
    this.#rows.set(key, { content, node });
    return node;
  }

  #drawn(one) {
    const zone = plantZone();
    const { tone } = healthLook(one.state);
    const title = this.#titles.get(one.asset) ?? nameOf({ asset: one.asset });
    const name = h("a", { class: "fleet-name", href: `${assetPage(one.asset)}#health` }, title);
    const where = h("span", { class: "quiet" }, one.asset);
    const since = one.since ? t("health.alarmSince", { time: sinceText(one.since, serverNow(), zone) }) : "";
    const reasons = one.reasons.map((reason, i) => h("li", { class: i ? "quiet" : "fleet-first" }, reasonText(reason)));
    const findings = together(one.findings).map((finding) => h("li", { class: "quiet" }, findingText(finding)));
    const life = one.life?.value === null || !one.life ? null : h("p", { class: "fleet-life" }, h("span", { class: "quiet" }, t("health.life")), h("strong", {}, lifeText(one.life)), h("small", { class: "quiet" }, lifeBasis(one.life)));
    const taken = one.acknowledged && h("p", { class: "fleet-taken quiet" }, icon("flag"), `${one.acknowledged.by}: ${one.acknowledged.why}`);
    const bar = h("span", { class: "fleet-health", "aria-hidden": "true" });
    bar.style.setProperty("--share", String(one.health ?? 0));
    bar.hidden = one.health === null;
    const health = h("div", { class: "fleet-figure" }, h("strong", {}, one.health === null ? "–" : percent(one.health, 0)), bar);
    const what = h("div", { class: "fleet-why" }, reasons.length + findings.length ? h("ul", {}, reasons, findings) : null, one.work && h("p", {}, one.work), taken);
    const quiet = !what.children.length && !life;
    const row = h("li", { class: "fleet-row", "data-quiet": quiet }, h("div", { class: "fleet-state" }, healthPill(one.state), h("span", { class: "quiet" }, since)), h("div", { class: "fleet-machine" }, name, where), health, what, life ?? h("span"));
    setAttribute(row, "data-tone", tone);
    setAttribute(row, "data-asset", one.asset);
    return row;
  }

  #filter(name, value) {
    if (value) this.#query.set(name, value);
    else this.#query.delete(name);
    window.history.replaceState(null, "", this.#query.size ? `?${this.#query}` : window.location.pathname);
    if (name === "asset") live.follow(value);
    live.refresh();
  }
}

customElements.define("fleet-list", FleetList);
