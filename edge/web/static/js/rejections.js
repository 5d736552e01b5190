// All messages that became no event, newest first, with how many there are of each reason.

import { readAsset, readAssets, readRejections } from "./api.js";
import { h, icon, setText } from "./dom.js";
import { count } from "./format.js";
import { plantZone, setZone } from "./header.js";
import { live } from "./live.js";
import { reasonText, rejectionRows } from "./rejectiontable.js";
import { t } from "./strings.js";

const PAGE = 50;

class RejectionList extends HTMLElement {
  #query = new URLSearchParams(window.location.search);
  #older = []; // pages below the first
  #next = null;

  connectedCallback() {
    document.title = t("nav.rejections");
    this.#build();
    live.addEventListener("rejection", () => live.soon());
    live.start({ asset: this.#asset, kinds: ["rejection"], refresh: () => this.#refresh() });
  }

  get #asset() {
    return this.#query.get("asset") ?? "";
  }

  get #reason() {
    return this.#query.get("reason") ?? "";
  }

  #build() {
    this.input = h("input", { type: "search", value: this.#asset, "aria-label": t("rejections.asset"), placeholder: t("rejections.asset") });
    const submit = (event) => {
      event.preventDefault();
      this.#filter("asset", this.input.value.trim());
    };
    const form = h("form", { class: "filter", submit }, this.input, h("button", { type: "submit", class: "button" }, t("rejections.filter")));
    this.reasons = h("ul", { class: "reasons", "aria-label": t("rejections.reasons") });
    this.summary = h("p", { class: "quiet", role: "status" }, t("board.loading"));
    this.rows = h("ol", { class: "rejections" });
    this.more = h("button", { type: "button", class: "button", hidden: true, click: () => this.#readOlder() }, icon("next"), t("rejections.more"));
    const head = h("div", { class: "page-head" }, h("h1", {}, t("nav.rejections")), form);
    this.replaceChildren(head, h("p", { class: "quiet" }, t("rejections.why")), this.reasons, this.summary, this.rows, this.more);
  }

  async #refresh() {
    if (!plantZone()) await learnZone();
    const answer = await this.#read().catch((error) => this.#refused(error));
    if (!answer) return;
    if (!this.#older.length) this.#next = answer.next;
    this.#showReasons(answer.counts);
    const shown = new Set(answer.rejections.map((row) => row.offset * 1e6 + row.index));
    const older = this.#older.filter((row) => !shown.has(row.offset * 1e6 + row.index));
    this.#showRows([...answer.rejections, ...older]);
    setText(this.summary, answer.total ? t("rejections.total", { n: count(answer.total) }) : t("rejections.none"));
  }

  async #readOlder() {
    const answer = await this.#read(this.#next);
    this.#older.push(...answer.rejections);
    this.#next = answer.next;
    await this.#refresh();
  }

  #read(before) {
    return readRejections({ asset: this.#asset, reason: this.#reason, limit: PAGE, before });
  }

  // A filter that the service does not understand is answered with what would be right.
  #refused(error) {
    if (!(error.status >= 400 && error.status < 500)) throw error;
    setText(this.summary, error.message);
    this.#showReasons({});
    this.#showRows([]);
    this.more.hidden = true;
  }

  // Rows stay open while somebody reads them: only new ones are built.
  #showRows(rows) {
    const held = new Map([...this.rows.children].map((node) => [node.dataset.key, node]));
    const nodes = rows.map((row) => {
      const key = `${row.offset}.${row.index}`;
      const node = held.get(key) ?? rejectionRows([row], { zone: plantZone() })[0];
      node.dataset.key = key;
      return node;
    });
    this.rows.replaceChildren(...nodes);
    this.more.hidden = this.#next === null || this.#next === undefined;
  }

  #showReasons(counts) {
    const most = Math.max(1, ...Object.values(counts));
    const chips = Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([reason, number]) => this.#reasonChip(reason, number, number / most));
    this.reasons.replaceChildren(...chips);
  }

  #reasonChip(reason, number, share) {
    const chosen = reason === this.#reason;
    const click = () => this.#filter("reason", chosen ? "" : reason);
    const bar = h("span", { class: "reason-bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", String(share));
    const attributes = { type: "button", "data-reason": reason, "aria-pressed": String(chosen), click };
    return h("li", {}, h("button", attributes, h("span", {}, reasonText(reason)), h("strong", {}, count(number)), bar));
  }

  #filter(name, value) {
    if (value) this.#query.set(name, value);
    else this.#query.delete(name);
    this.#older = [];
    window.history.replaceState(null, "", `?${this.#query}`);
    if (name === "asset") live.follow(value);
    live.refresh();
  }
}

// Times are shown in the plant's zone; any machine knows it.
async function learnZone() {
  const { assets } = await readAssets();
  const machine = assets.find((asset) => asset.kind === "machine");
  if (machine) setZone((await readAsset(machine.path, "status")).timezone);
}

customElements.define("rejection-list", RejectionList);
