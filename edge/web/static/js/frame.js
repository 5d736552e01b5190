// Which stretch of time a machine page shows: the last hour, the shift, the one before, the last day, or a range zoomed to.

import { serverNow } from "./clock.js";
import { h, setAttribute, setText } from "./dom.js";
import { rangeText } from "./format.js";
import { t } from "./strings.js";

const HOUR_MS = 3_600_000;
const MODES = ["1h", "shift", "previous", "24h"];

/** Dispatches `change`; `at(status)` is the frame now. The choice stays in the address, so that it can be passed on. */
export class FramePicker extends EventTarget {
  #mode = "shift";
  #range = null;
  #previous = null;

  constructor() {
    super();
    const query = new URLSearchParams(window.location.search);
    if (MODES.includes(query.get("window"))) this.#mode = query.get("window");
    const [from, to] = [query.get("from"), query.get("to")].map((text) => Date.parse(text ?? ""));
    if (from < to) this.#range = { from, to };
    this.buttons = MODES.map((mode) => h("button", { type: "button", click: () => this.#pick(mode, null) }, t(`window.${mode}`)));
    this.text = h("span", { class: "frame-text" });
    this.back = h("button", { type: "button", class: "button", click: () => this.#pick(this.#mode, null) }, t("window.back"));
    const group = h("div", { class: "segmented", role: "group", "aria-label": t("window.label") }, this.buttons);
    this.node = h("div", { class: "frame-bar" }, group, this.text, this.back);
    this.#showPressed();
  }

  /** Zooms to a range in milliseconds. */
  zoom(range) {
    this.#pick(this.#mode, range);
  }

  /** The shift before the present one: {from, to} as text, null where there is none. */
  set previous(shift) {
    this.#previous = shift;
    this.buttons[MODES.indexOf("previous")].hidden = !shift;
  }

  /** {from, to, dataTo, now, live, sliding, timezone}: milliseconds; nothing is known after `dataTo`. */
  at(status) {
    const now = serverNow();
    const { from, to } = this.#range ?? this.#bounds(status, now);
    const sliding = !this.#range && ["1h", "24h"].includes(this.#mode);
    const frame = { from, to, dataTo: Math.min(to, now), now, live: to >= now - 1000, sliding, timezone: status.timezone };
    const named = !this.#range && this.#mode === "shift" ? status.shift?.name : "";
    setText(this.text, [named, rangeText(from, to, frame.timezone)].filter(Boolean).join(", "));
    return frame;
  }

  #bounds(status, now) {
    if (this.#mode === "1h") return { from: now - HOUR_MS, to: now };
    if (this.#mode === "24h") return { from: now - 24 * HOUR_MS, to: now };
    const { from, to } = (this.#mode === "previous" && this.#previous) || (status.shift ?? status.window);
    return { from: Date.parse(from), to: Math.max(Date.parse(to), Date.parse(from) + 1000) };
  }

  #pick(mode, range) {
    this.#mode = mode;
    this.#range = range && { from: Math.round(range.from), to: Math.round(range.to) };
    this.#showPressed();
    const query = new URLSearchParams({ window: mode });
    if (range) for (const key of ["from", "to"]) query.set(key, new Date(this.#range[key]).toISOString());
    window.history.replaceState(null, "", `?${query}`);
    this.dispatchEvent(new Event("change"));
  }

  #showPressed() {
    this.buttons.forEach((button, i) => setAttribute(button, "aria-pressed", String(!this.#range && MODES[i] === this.#mode)));
    this.back.hidden = !this.#range;
  }
}
