// The signals of a machine, one chart each; while the window reaches now, new points are added every two seconds.

import { readAsset } from "./api.js";
import { monotonic, onTick, serverNow } from "./clock.js";
import "./chart.js";
import { arrange, h } from "./dom.js";
import { t } from "./strings.js";

const POINTS = 800;
const APPEND_S = 2;
const RELOAD_MS = 60_000; // appended raw points are reduced anew with the rest
const AT_ONCE = 8; // signals in one answer

/** `signals` = [{name}] of the machine; `refresh(asset, frame)`; dispatches `range` on its node. */
export class SignalPanel {
  signals = [];
  #charts = new Map();
  #asset = "";
  #frame = null;
  #loadedAt = -Infinity;
  #ticks = 0;
  #reading = false;

  constructor() {
    this.node = h("div", { class: "charts" });
    onTick(() => ++this.#ticks % APPEND_S === 0 && !document.hidden && this.#append());
  }

  /** The window has changed: everything is read again. */
  forget() {
    this.#loadedAt = -Infinity;
  }

  async refresh(asset, frame) {
    this.#asset = asset;
    this.#frame = { ...frame, to: frame.dataTo, end: frame.to }; // no room for what is still to come
    if (monotonic() - this.#loadedAt < RELOAD_MS) return;
    if (!this.signals.length) {
      this.node.replaceChildren(h("p", { class: "quiet" }, t("signals.empty")));
      return;
    }
    const series = await this.#read(frame.from, frame.dataTo, POINTS);
    this.#loadedAt = monotonic();
    arrange(this.node, series.map((one) => this.#chart(one.signal)));
    for (const one of series) this.#chart(one.signal).show(one, this.#frame);
  }

  async #append() {
    if (!this.#frame?.live || this.#reading || this.#loadedAt === -Infinity) return;
    const charts = [...this.#charts.values()];
    const newest = Math.max(...charts.map((chart) => chart.newest ?? 0));
    if (!newest) return;
    this.#reading = true;
    try {
      const now = serverNow();
      const series = await this.#read(Math.floor(newest), now, POINTS);
      const frame = moved(this.#frame, now);
      for (const one of series) this.#charts.get(one.signal)?.append(one.points, frame);
    } catch {
      // the regular refresh reads them again and shows the age of the data meanwhile
    } finally {
      this.#reading = false;
    }
  }

  async #read(from, to, points) {
    const names = this.signals.map((signal) => signal.name);
    const groups = [];
    for (let i = 0; i < names.length; i += AT_ONCE) groups.push(names.slice(i, i + AT_ONCE));
    const window_ = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    const answers = await Promise.all(groups.map((signal) => readAsset(this.#asset, "readings", { signal, points, ...window_ })));
    return answers.flatMap((answer) => answer.series);
  }

  #chart(name) {
    if (!this.#charts.has(name)) {
      const chart = document.createElement("signal-chart");
      chart.addEventListener("range", ({ detail }) => this.node.dispatchEvent(new CustomEvent("range", { detail })));
      this.#charts.set(name, chart);
    }
    return this.#charts.get(name);
  }
}

function moved(frame, now) {
  const from = frame.sliding ? now - (frame.to - frame.from) : frame.from;
  return { ...frame, from, to: Math.min(now, frame.sliding ? now : frame.end) };
}
