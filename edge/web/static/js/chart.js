// One signal over time with uPlot: the mean as a line, minimum to maximum as a band; zoom by dragging.

import uPlot from "../vendored/uplot/uPlot.esm.js";
import { h, setText } from "./dom.js";
import { clockTime, quantity } from "./format.js";
import { t } from "./strings.js";

const HEIGHT = 190;
const GAP_FACTOR = 6; // a pause of this many usual distances is a hole in the line, not a straight line over it
const SYNC = uPlot.sync("signals");

/** <signal-chart>: `show(series, {from, to, timezone})` (a series may have a `title` and a fixed `range`), `append(points)`; dispatches `range` like the timeline. */
class SignalChart extends HTMLElement {
  #series = null;
  #frame = null;
  #plot = null;
  #rows = []; // the point of each column of the plot, null for a hole
  #sizes = null;
  #recolour = () => this.#series && this.#redraw();

  connectedCallback() {
    this.heading = h("h3", {});
    this.reading = h("p", { class: "reading" });
    this.canvas = h("div", { class: "plot" });
    this.replaceChildren(h("header", {}, this.heading, this.reading), this.canvas);
    this.#sizes = new ResizeObserver(() => this.#resized());
    this.#sizes.observe(this.canvas);
    window.addEventListener("themechange", this.#recolour);
  }

  disconnectedCallback() {
    this.#sizes.disconnect();
    window.removeEventListener("themechange", this.#recolour);
    this.#drop();
  }

  show(series, frame) {
    this.#series = series;
    this.#frame = frame;
    this.setAttribute("data-signal", series.signal);
    const title = series.title ?? series.signal;
    setText(this.heading, series.unit ? `${title} (${series.unit})` : title);
    if (this.#plot) this.#fill();
    else this.#redraw();
  }

  /** Adds newer points and lets the frame move on. */
  append(points, frame) {
    const last = this.#series.points.at(-1)?.[0] ?? 0;
    this.#series.points.push(...points.filter(([ts]) => ts > last));
    this.#frame = frame;
    const first = this.#series.points.findIndex(([ts]) => ts >= frame.from);
    if (first > 0) this.#series.points.splice(0, first);
    this.#fill();
  }

  /** Time of the newest point in milliseconds, or null. */
  get newest() {
    return this.#series?.points.at(-1)?.[0] ?? null;
  }

  #redraw() {
    this.#drop();
    if (!this.canvas.clientWidth) return; // the observer calls again when there is room
    this.#plot = new uPlot(this.#options(), this.#columns(), this.canvas);
    this.#fill();
  }

  #fill() {
    if (!this.#plot) return;
    const { from, to } = this.#frame;
    this.#plot.batch(() => {
      this.#plot.setData(this.#columns(), false);
      this.#plot.setScale("x", { min: from / 1000, max: to / 1000 });
    });
    this.#showReading(null);
  }

  #drop() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #resized() {
    if (!this.#series) return;
    if (this.#plot) this.#plot.setSize({ width: this.canvas.clientWidth, height: HEIGHT });
    else this.#redraw();
  }

  #options() {
    const style = getComputedStyle(this);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-2"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}` };
    const zone = this.#frame.timezone || "UTC";
    const band = { stroke: "transparent", points: { show: false } };
    const few = (plot) => this.#series.points.length < 60 && plot.series.length > 0;
    return {
      width: this.canvas.clientWidth, height: HEIGHT, padding: [10, 20, 0, 0], legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      cursor: { sync: { key: SYNC.key, setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      scales: { y: { range: this.#series.range ?? room } },
      series: [{}, { stroke: colour("--chart"), width: 1.25, points: { show: few, size: 4 } }, band, band],
      bands: [{ series: [3, 2], fill: colour("--chart-band") }],
      axes: [{ ...axis, values: axisTimes }, { ...axis, size: 54 }],
      hooks: { setCursor: [(plot) => this.#showReading(plot.cursor.idx)], setSelect: [(plot) => this.#selected(plot)] },
    }; // prettier-ignore
  }

  #columns() {
    this.#rows = withHoles(this.#series);
    const column = (i, scale = 1) => this.#rows.map((row) => (row.hole && i ? null : row[i] / scale));
    return [column(0, 1000), column(1), column(2), column(3)];
  }

  // The point under the cursor, or the newest.
  #showReading(i) {
    const point = Number.isInteger(i) ? this.#rows[i] : this.#rows.at(-1);
    if (!point || point.hole) {
      setText(this.reading, point ? "" : t("signals.none"));
      return;
    }
    const [ts, mean, low, high] = point;
    const unit = this.#series.unit ?? "";
    const spread = low === high ? "" : ` (${quantity(low, "")} … ${quantity(high, "")})`;
    setText(this.reading, `${quantity(mean, unit)}${spread} · ${clockTime(ts, this.#frame.timezone)}`);
  }

  #selected(plot) {
    if (plot.select.width < 8) return;
    const at = (x) => plot.posToVal(x, "x") * 1000;
    const detail = { from: at(plot.select.left), to: at(plot.select.left + plot.select.width) };
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.dispatchEvent(new CustomEvent("range", { detail }));
  }
}

// Never a flat line on the edge: some room above and below, also where every value is the same.
function room(_plot, low, high) {
  if (low === null || high === null) return [0, 1];
  const margin = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  return [low - margin, high + margin];
}

const axisTimes = [
  [3600 * 24, "{DD}.{MM}.", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{DD}.{MM}.", null, "\n{DD}.{MM}.", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1],
];

// Points [[ms, mean, min, max, n]] with a hole where the machine was away, so that no line is drawn over it.
function withHoles({ points, resolution_s: resolution }) {
  const usual = Math.max(median(points.slice(1).map(([ts], i) => ts - points[i][0])), (resolution || 0) * 1000);
  const rows = [];
  for (const [i, point] of points.entries()) {
    const before = points[i - 1]?.[0];
    if (usual && point[0] - before > GAP_FACTOR * usual) rows.push(Object.assign([before + 1], { hole: true }));
    rows.push(point);
  }
  return rows;
}

function median(values) {
  return values.length ? [...values].sort((a, b) => a - b)[values.length >> 1] : 0;
}

customElements.define("signal-chart", SignalChart);
