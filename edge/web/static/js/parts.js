// Parts made against the target so far (never against the whole shift's), as text and as a bar with a mark.

import { h, setText } from "./dom.js";
import { count } from "./format.js";
import { t } from "./strings.js";

/** `update(parts, where)` with {total, good, bad, target, target_full}, and where they are counted or "". With `click` the parts made are a button. */
export class PartsBar {
  constructor(click = null) {
    this.made = click ? h("button", { type: "button", class: "pick parts-made", click }) : h("strong", { class: "parts-made" });
    this.due = h("span", { class: "parts-due" });
    this.gap = h("span", { class: "parts-gap" });
    this.good = h("span", { class: "parts-good" });
    this.bad = h("span", { class: "parts-bad" });
    this.mark = h("span", { class: "parts-mark" });
    this.bar = h("div", { class: "parts-bar", "aria-hidden": "true" }, this.good, this.bad, this.mark);
    const text = h("div", { class: "parts-text" }, h("span", {}, this.made, " ", this.due), this.gap);
    this.node = h("div", { class: "parts" }, text, this.bar);
  }

  update(parts, where = "") {
    const { total = 0, good = 0, bad = 0, target, target_full: full } = parts ?? {};
    const known = Number.isFinite(target);
    setText(this.made, count(good));
    const due = known ? t("parts.due", { n: count(Math.round(target)) }) : t("parts.good");
    setText(this.due, where ? `${due} · ${where}` : due);
    setText(this.gap, known ? gapText(good - target) : bad ? t("parts.bad", { n: count(bad) }) : "");
    this.gap.classList.toggle("behind", known && good < target);
    const scale = Math.max(full ?? 0, target ?? 0, total, 1);
    this.bar.hidden = !known;
    this.bar.style.setProperty("--good", String(good / scale));
    this.bar.style.setProperty("--bad", String(bad / scale));
    this.bar.style.setProperty("--target", String((target ?? 0) / scale));
    const whole = Number.isFinite(full) ? t("parts.full", { n: count(Math.round(full)) }) : "";
    this.node.title = [t("parts.total", { total: count(total), bad: count(bad) }), whole].filter(Boolean).join(" · ");
  }
}

function gapText(difference) {
  const whole = Math.round(difference);
  if (whole === 0) return t("parts.on");
  return t(whole < 0 ? "parts.behind" : "parts.ahead", { n: count(Math.abs(whole)) });
}
