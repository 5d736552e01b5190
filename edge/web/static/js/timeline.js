// The states of a machine over time as one band: drag to zoom, arrow keys to walk from span to span.

import { h, setText, svg } from "./dom.js";
import { clockTime, duration, momentText, percent } from "./format.js";
import { stateName, TONES } from "./states.js";
import { t } from "./strings.js";
import { timeTicks } from "./ticks.js";

const BAND = 64; // height of the states
const LANE = 18; // height of products below it
const AXIS = 26;
const HEIGHT = BAND + LANE + AXIS;
const DRAG_PX = 8; // less is a click
const MERGE_PX = 0.35; // narrower spans are drawn at this width, so that no stop disappears

/**
 * <state-timeline>: `show({from, to, now, timezone, spans, totals})`, times of the frame in milliseconds.
 * Dispatches `range` (detail {from, to}) when somebody zooms, `pick` (detail: the span) when somebody presses one.
 */
class StateTimeline extends HTMLElement {
  #shown = null;
  #spans = [];
  #at = -1;
  #drag = null;
  #width = 0;

  connectedCallback() {
    if (this.drawing) return;
    this.drawing = svg("svg", {
      class: "timeline", tabindex: "0", role: "application", "aria-roledescription": t("timeline.role"),
      "aria-label": t("timeline.label"), height: HEIGHT,
      pointermove: (event) => this.#moved(event), pointerleave: () => this.#drag || this.#point(-1),
      pointerdown: (event) => this.#pressed(event), pointerup: (event) => this.#released(event),
      pointercancel: () => this.#cancelled(), keydown: (event) => this.#key(event), blur: () => this.#point(-1),
    }); // prettier-ignore
    this.tip = h("div", { class: "tip", role: "status", hidden: true });
    this.legend = h("ul", { class: "legend", "aria-label": t("timeline.legend") });
    this.replaceChildren(h("div", { class: "timeline-frame" }, this.drawing, this.tip), this.legend, h("p", { class: "quiet hint" }, t("timeline.hint")));
    new ResizeObserver(() => this.#resized()).observe(this.drawing);
  }

  show(shown) {
    const { spans } = shown;
    this.#shown = shown;
    this.#spans = spans.map((span) => ({ ...span, start: Date.parse(span.from), end: Date.parse(span.to) }));
    this.#draw();
    this.#showLegend(shown.totals);
  }

  #resized() {
    const width = this.drawing.clientWidth;
    if (width === this.#width) return;
    this.#width = width;
    if (this.#shown) this.#draw();
  }

  #draw() {
    const { now, timezone, from, to } = this.#shown;
    const width = this.#width || this.drawing.clientWidth;
    if (!width) return;
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const parts = [patterns(), svg("rect", { class: "track", x: 0, y: 0, width, height: BAND, rx: 6 })];
    for (const [i, span] of this.#spans.entries()) {
      const x = this.#x(span.start);
      const wide = Math.max(this.#x(span.end) - x, MERGE_PX);
      const kind = span.time_class;
      parts.push(svg("rect", { class: "span", "data-tone": kind, "data-i": i, x, y: 0, width: wide, height: BAND }));
    }
    parts.push(...this.#products(), ...this.#ticks(timeTicks(from, to, timezone, width / 90)));
    if (now > from && now < to) parts.push(svg("line", { class: "now", x1: this.#x(now), x2: this.#x(now), y1: 0, y2: BAND + LANE }));
    this.cursor = svg("rect", { class: "span-cursor", y: 1, height: BAND - 2, rx: 2, visibility: "hidden" });
    this.selection = svg("rect", { class: "selection", y: 0, height: BAND + LANE, visibility: "hidden" });
    this.drawing.replaceChildren(...parts, this.cursor, this.selection);
    if (this.#at >= this.#spans.length) this.#point(-1);
  }

  #products() {
    const runs = [];
    for (const span of this.#spans) {
      const text = [span.product, span.order].filter(Boolean).join(" · ");
      const last = runs.at(-1);
      if (last?.text === text) last.end = span.end;
      else runs.push({ text, start: span.start, end: span.end });
    }
    return runs.filter((run) => run.text).flatMap((run) => {
      const x = this.#x(run.start);
      const wide = this.#x(run.end) - x;
      const line = svg("rect", { class: "lane", x, y: BAND + 3, width: Math.max(wide - 1, 1), height: 2, rx: 1 });
      const fits = wide > run.text.length * 6.2 + 4;
      return fits ? [line, svg("text", { class: "lane-text", x: x + 2, y: BAND + LANE - 2 }, run.text)] : [line];
    });
  }

  #ticks(ticks) {
    const top = BAND + LANE;
    const width = this.#width || this.drawing.clientWidth;
    return ticks.flatMap(({ at, text }) => {
      const x = this.#x(at);
      const anchor = x < 24 ? "start" : x > width - 24 ? "end" : "middle";
      return [
        svg("line", { class: "tick", x1: x, x2: x, y1: 0, y2: top + 5 }),
        svg("text", { class: "tick-text", x, y: top + 20, "text-anchor": anchor }, text),
      ];
    });
  }

  #showLegend(totals) {
    const whole = Object.values(totals).reduce((sum, seconds) => sum + seconds, 0);
    const known = TONES.filter((tone) => totals[tone] > 0);
    const extra = Object.keys(totals).filter((name) => !TONES.includes(name) && totals[name] > 0);
    const rows = [...known, ...extra].map((tone) =>
      h(
        "li",
        { "data-tone": tone },
        h("span", { class: "swatch", "aria-hidden": "true" }),
        h("span", {}, t(`tone.${tone}`, {}, tone)),
        h("strong", {}, duration(totals[tone])),
        h("span", { class: "quiet" }, percent(totals[tone] / whole)),
      ),
    );
    this.legend.replaceChildren(...rows);
  }

  #x(ms) {
    const { from, to } = this.#shown;
    const width = this.#width || this.drawing.clientWidth;
    return Math.min(Math.max(((ms - from) / (to - from)) * width, 0), width);
  }

  #msAt(event) {
    const box = this.drawing.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    return this.#shown.from + share * (this.#shown.to - this.#shown.from);
  }

  #moved(event) {
    if (!this.#shown) return;
    const ms = this.#msAt(event);
    if (this.#drag) this.#select(this.#drag.ms, ms);
    else this.#point(this.#spans.findIndex((span) => ms >= span.start && ms < span.end));
  }

  #pressed(event) {
    if (event.button !== 0 || !this.#shown) return;
    this.drawing.setPointerCapture(event.pointerId);
    this.#drag = { ms: this.#msAt(event), x: event.clientX };
  }

  #released(event) {
    const drag = this.#drag;
    this.#cancelled();
    if (!drag) return;
    const ms = this.#msAt(event);
    if (Math.abs(event.clientX - drag.x) < DRAG_PX) this.#clicked(event);
    else this.#zoom(Math.min(drag.ms, ms), Math.max(drag.ms, ms));
  }

  #clicked(event) {
    this.#moved(event);
    this.#pick();
  }

  #pick() {
    const span = this.#spans[this.#at];
    if (span) this.dispatchEvent(new CustomEvent("pick", { detail: span }));
  }

  #cancelled() {
    this.#drag = null;
    this.selection?.setAttribute("visibility", "hidden");
  }

  #select(a, b) {
    const [left, right] = [this.#x(Math.min(a, b)), this.#x(Math.max(a, b))];
    this.selection.setAttribute("x", left);
    this.selection.setAttribute("width", right - left);
    this.selection.setAttribute("visibility", "visible");
  }

  #key(event) {
    const last = this.#spans.length - 1;
    const from = this.#at < 0 ? last + 1 : this.#at;
    const to = { ArrowLeft: Math.max(from - 1, 0), ArrowRight: Math.min(this.#at + 1, last), Home: 0, End: last }[event.key];
    if (to !== undefined && last >= 0) this.#point(to);
    else if (event.key === "Enter" && this.#at >= 0) this.#zoomToSpan(this.#spans[this.#at]);
    else if (event.key === " " && this.#at >= 0) this.#pick();
    else return;
    event.preventDefault();
  }

  #zoomToSpan(span) {
    const margin = Math.max((span.end - span.start) * 0.5, 30_000);
    this.#zoom(span.start - margin, span.end + margin);
  }

  #zoom(from, to) {
    this.dispatchEvent(new CustomEvent("range", { detail: { from, to: Math.max(to, from + 10_000) } }));
  }

  #point(i) {
    this.#at = i;
    const span = this.#spans[i];
    this.tip.hidden = !span;
    this.cursor?.setAttribute("visibility", span ? "visible" : "hidden");
    if (!span) return;
    const x = this.#x(span.start);
    const wide = Math.max(this.#x(span.end) - x, 2);
    this.cursor.setAttribute("x", x);
    this.cursor.setAttribute("width", wide);
    this.#showTip(span, x + wide / 2);
  }

  #showTip(span, middle) {
    const zone = this.#shown.timezone;
    const whole = span.stop?.length_s;
    const lines = [
      [stateName(span.state), t(`tone.${span.time_class}`, {}, span.time_class)].join(" · "),
      `${momentText(span.start, zone)} – ${clockTime(span.end, zone)} (${duration((span.end - span.start) / 1000)})`,
      span.reason,
      [span.product, span.order, span.shift].filter(Boolean).join(" · "),
      span.external ? t("timeline.external") : null,
      span.stop && whole === null ? t("timeline.open") : whole ? t("timeline.stop", { time: duration(whole) }) : null,
    ];
    const [title, ...rest] = lines.filter(Boolean);
    this.tip.replaceChildren(h("strong", {}, title), ...rest.map((text) => h("span", {}, text)));
    const room = this.drawing.clientWidth - this.tip.offsetWidth;
    this.tip.style.setProperty("--x", `${Math.min(Math.max(middle - this.tip.offsetWidth / 2, 0), Math.max(room, 0))}px`);
    setText(this.tip.firstChild, title);
  }
}

// Hatching for time that nobody knows, so that it is told apart without its colour.
function patterns() {
  const stripes = { id: "hatch", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  const pattern = svg("pattern", stripes, svg("rect", { class: "hatch-ground", width: 7, height: 7 }), svg("rect", { class: "hatch-line", width: 2.5, height: 7 }));
  return svg("defs", {}, pattern);
}

customElements.define("state-timeline", StateTimeline);
