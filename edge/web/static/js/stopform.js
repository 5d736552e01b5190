// What can be said of a stop: its reason (one press), two reasons one after the other, or that it goes on in the next stop.

import { readAsset, readPlantSettings, sendCorrection } from "./api.js";
import { serverNow } from "./clock.js";
import { CorrectionSheet, field, textField } from "./correctionform.js";
import { h } from "./dom.js";
import { clockTime } from "./format.js";
import { nextClock } from "./localtime.js";
import { reasonOf, stateName } from "./states.js";
import { stopTimes } from "./stops.js";
import { t } from "./strings.js";

const LATELY_MS = 7 * 86_400_000;
const MOST = 12; // buttons, where the machine has no list; the rest can be typed

/** Opens the form of a stop; `next` is the stop after it or null, `done(answer)` is told of each correction. */
export function openStop(asset, stop, next, zone, done) {
  new StopForm(asset, stop, next, zone, done);
}

class StopForm extends CorrectionSheet {
  constructor(asset, stop, next, zone, done) {
    super("stop", t("stop.title"), t("stop.why"), done);
    Object.assign(this, { asset, stop, next, zone });
    this.choices = h("div", { class: "choices", role: "group", "aria-label": t("stop.reasons") }, h("p", { class: "quiet" }, t("board.loading")));
    this.known = h("datalist", { id: `${this.node.getAttribute("aria-labelledby")}-reasons` });
    const now = h("p", { class: "stop-now" }, h("strong", {}, reasonOf(stop)), ` · ${stateName(stop.state)}`, h("br"), stopTimes(stop, zone));
    this.show(now, this.people, this.failure, h("h3", {}, t("stop.reasons")), this.choices, this.#free(), this.#split(), this.#merge(), this.known);
    if (!this.by.value) this.by.focus();
    this.#readReasons();
  }

  async #readReasons() {
    const [listed, lately] = await Promise.all([this.#listed(), this.#lately()]);
    const names = [...new Set([...listed, ...lately])];
    const offered = listed.length ? listed : lately.slice(0, MOST);
    const button = (reason) =>
      h("button", { type: "button", class: "choice", "aria-pressed": String(reason === this.stop.reason), click: () => this.#say({ kind: "reason", reason }) }, reason);
    this.choices.replaceChildren(...(offered.length ? offered.map(button) : [h("p", { class: "quiet" }, t("stop.noReasons"))]));
    this.known.replaceChildren(...names.map((value) => h("option", { value })));
  }

  // The list of the machine, as it held when the stop began. Without an answer reasons can be typed.
  async #listed() {
    const at = new Date(this.stop.start).toISOString();
    const { stop_reasons: reasons } = await readPlantSettings(this.asset, { at }).catch(() => ({ stop_reasons: [] }));
    return reasons;
  }

  // What was said lately, most often first.
  async #lately() {
    const [from, to] = [serverNow() - LATELY_MS, serverNow()].map((ms) => new Date(ms).toISOString());
    const { reasons } = await readAsset(this.asset, "losses", { from, to }).catch(() => ({ reasons: [] }));
    const counts = new Map();
    for (const { reason, count } of reasons) if (reason) counts.set(reason, (counts.get(reason) ?? 0) + count);
    return [...counts].sort(([, a], [, b]) => b - a).map(([reason]) => reason);
  }

  #say(correction, { start, end } = this.stop) {
    const span = { from: new Date(start).toISOString(), to: new Date(end).toISOString() };
    this.send((said) => sendCorrection({ asset: this.asset, ...span, ...correction, ...said }));
  }

  #reasonField(name) {
    return textField({ name, list: this.known.id, maxlength: 200 });
  }

  #free() {
    const reason = this.#reasonField("reason");
    const submit = (event) => {
      event.preventDefault();
      if (reason.value.trim()) this.#say({ kind: "reason", reason: reason.value.trim() });
      else this.refuse(t("stop.empty"), reason);
    };
    return h("form", { class: "fields", submit, novalidate: true }, field(t("stop.other"), reason), h("button", { class: "button primary" }, t("stop.save")));
  }

  #split() {
    const { start, end, reason } = this.stop;
    const middle = clockTime((start + end) / 2, this.zone);
    const time = h("input", { type: "time", step: 1, name: "at", value: middle });
    const [before, after] = [this.#reasonField("before"), this.#reasonField("after")];
    before.value = reason ?? "";
    const submit = (event) => {
      event.preventDefault();
      if (!time.value) return this.refuse(t("stop.noTime"), time);
      if (!after.value.trim()) return this.refuse(t("stop.empty"), after);
      const at = new Date(nextClock(time.value, start, this.zone)).toISOString();
      return this.#say({ kind: "split", at, reason: before.value.trim() || null, reason_after: after.value.trim() });
    };
    const fields = [field(t("stop.at"), time), field(t("stop.before"), before), field(t("stop.after"), after)];
    const form = h("form", { class: "fields", submit, novalidate: true }, fields, h("button", { class: "button primary" }, t("stop.splitNow")));
    return h("details", { "data-part": "split" }, h("summary", {}, t("stop.split")), form);
  }

  #merge() {
    if (!this.next) return null;
    const click = () => this.#say({ kind: "merge", reason: this.stop.reason }, { start: this.stop.start, end: this.next.end });
    const words = { next: `${reasonOf(this.next)}, ${stopTimes(this.next, this.zone)}` };
    const button = h("button", { type: "button", class: "button primary", click }, t("stop.mergeNow"));
    return h("details", { "data-part": "merge" }, h("summary", {}, t("stop.merge")), h("p", {}, t("stop.mergeWhat", words)), button);
  }
}
