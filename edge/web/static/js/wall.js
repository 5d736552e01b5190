// The board for a screen on the wall: dark, large, one line after the other, and honest about the age of what it shows.

import { onTick, serverNow } from "./clock.js";
import { arrange, h, icon, setAttribute, setText } from "./dom.js";
import { CardShelf } from "./card.js";
import { clockTime, dayText, duration } from "./format.js";
import { connectionText, markStale, plantZone, READINESS_S, readService } from "./header.js";
import { FactorBars, KpiFigure, orderedKpis } from "./kpis.js";
import { countTones, linesInOrder, machinesOf, whereCounted } from "./line.js";
import { LossReader } from "./linelosses.js";
import { live } from "./live.js";
import { LossBar } from "./lossbar.js";
import { PartsBar } from "./parts.js";
import { nameOf, Plant } from "./plant.js";
import { StripReader } from "./strips.js";
import { TONES } from "./states.js";
import { t } from "./strings.js";

const ROTATE_S = 20;
const LONG_NAME = 18; // characters; a longer one is smaller, in two lines
const PIPS = 4; // the most urgent states of a line that is not shown
const CARD_RATIO = 1.5; // width to height of a card that reads well

class WallBoard extends HTMLElement {
  #query = new URLSearchParams(window.location.search);
  #plant = new Plant(this.#query.get("asset") ?? "");
  #rotateS = Math.max(5, Number(this.#query.get("rotate")) || ROTATE_S);
  #at = 0;
  #shownS = 0;
  #paused = false;
  #seconds = 0;
  #alarm = ""; // what of the service is not ready
  #shelf = new CardShelf(2);
  #losses = new LossReader();
  #strips = new StripReader();

  connectedCallback() {
    document.title = t("board.wall");
    this.#build();
    this.#show();
    this.#plant.addEventListener("change", () => this.#show());
    this.#plant.addEventListener("stranger", () => live.soon());
    live.addEventListener("status", ({ detail }) => this.#plant.take(detail));
    live.start({ asset: this.#plant.filter, kinds: ["status"], refresh: () => this.#refresh() });
    onTick(() => this.#tick());
    new ResizeObserver(() => this.#fit()).observe(this.cards);
    this.#tick();
  }

  async #refresh() {
    await this.#plant.refresh();
    await this.#losses.refresh(this.#plant.shownLines);
    this.#show();
    await this.#strips.refresh(this.cards);
  }

  #build() {
    this.lost = new LossBar();
    this.name = h("h1");
    this.figure = new KpiFigure();
    this.factors = new FactorBars();
    this.parts = new PartsBar();
    this.time = h("span", { class: "clock-time" });
    this.day = h("span", { class: "clock-day" });
    this.stale = h("p", { class: "stale", role: "alert", hidden: true });
    this.cards = h("div", { class: "wall-cards" });
    this.strip = h("nav", { class: "wall-strip", "aria-label": t("wall.lines") });
    this.pause = h("button", { type: "button", class: "tool", "aria-label": t("wall.pause"), title: t("wall.pause"), click: () => this.#togglePause() }, icon("pause"));
    const leave = h("a", { class: "tool", href: "/", "aria-label": t("wall.leave"), title: t("wall.leave") }, icon("close"));
    this.numbers = h("div", { class: "wall-numbers" }, this.figure.node, this.factors.node, this.parts.node);
    const clock = h("div", { class: "clock" }, this.time, this.day);
    const head = h("header", { class: "wall-head" }, this.name, this.numbers, clock);
    const foot = h("footer", { class: "wall-foot" }, this.strip, this.pause, leave);
    this.replaceChildren(this.stale, h("div", { class: "wall-top" }, head, this.lost.node), this.cards, foot);
  }

  #show() {
    const lines = linesInOrder(this.#plant, "line").filter((line) => line.machines.length);
    if (!lines.length) {
      this.numbers.hidden = true;
      setText(this.name, this.#plant.loaded ? t("board.empty") : t("board.loading"));
      return;
    }
    this.#at %= lines.length;
    const line = lines[this.#at];
    setText(this.name, nameOf(line));
    this.name.classList.toggle("long", nameOf(line).length > LONG_NAME);
    const [first] = orderedKpis(line.status?.kpis, this.#plant.kpis);
    this.lost.show(this.#losses.of(line));
    this.numbers.hidden = !first;
    if (first) {
      this.figure.update(first[1]);
      this.factors.update(first[1]);
      this.parts.update(line.status.parts, whereCounted(line.status.parts, this.#plant));
    }
    this.#shelf.arrange(this.cards, machinesOf(this.#plant, line, "worst"), this.#plant.kpis);
    this.#fit();
    this.#showStrip(lines);
  }

  // As many columns as make the cards largest: the screen is filled, nothing scrolls.
  #fit() {
    const number = this.cards.children.length;
    const { clientWidth: width, clientHeight: height } = this.cards;
    if (!number || !height) return;
    let best = { columns: 1, size: 0 };
    for (let columns = 1; columns <= number; columns++) {
      const rows = Math.ceil(number / columns);
      const size = Math.min(width / columns / CARD_RATIO, height / rows);
      if (size > best.size) best = { columns, rows, size };
    }
    this.cards.style.setProperty("--columns", String(best.columns));
    this.cards.style.setProperty("--rows", String(best.rows));
    this.cards.style.setProperty("--card", `${best.size}px`);
  }

  #showStrip(lines) {
    while (this.strip.children.length < lines.length) this.strip.append(this.#stripButton(this.strip.children.length));
    while (this.strip.children.length > lines.length) this.strip.lastChild.remove();
    lines.forEach((line, i) => {
      const counts = countTones(line.machines.map((path) => this.#plant.machines.get(path)).filter(Boolean));
      const button = this.strip.children[i];
      setText(button.firstChild, nameOf(line));
      setAttribute(button, "aria-current", i === this.#at ? "true" : null);
      arrange(button.children[1], TONES.filter((tone) => counts.has(tone)).slice(0, PIPS).map((tone) => pip(button, tone, counts.get(tone))));
    });
  }

  #stripButton(i) {
    const click = () => this.#go(i);
    const bar = h("span", { class: "wall-progress", "aria-hidden": "true" });
    return h("button", { type: "button", class: "wall-line", click }, h("span", {}), h("span", { class: "pips" }), bar);
  }

  #tick() {
    const zone = this.#zone; // before it is known no time is shown: the browser may be in another one
    setText(this.time, zone ? clockTime(serverNow(), zone) : "");
    setText(this.day, zone ? dayText(serverNow(), zone) : "");
    const { tone, text } = connectionText();
    markStale();
    if (this.#seconds++ % READINESS_S === 0 && !document.hidden) this.#askService();
    const old = tone === "stale" || (tone === "waiting" && live.ageS >= 8);
    this.stale.hidden = !old && !this.#alarm;
    setText(this.stale, live.stale ? t("wall.stale", { age: duration(live.ageS) }) : old ? text : this.#alarm);
    setAttribute(this.stale, "data-tone", old ? tone : "stale");
    if (this.#paused || document.hidden) return;
    this.#shownS += 1;
    const current = this.strip.children[this.#at];
    current?.style.setProperty("--progress", String(Math.min(this.#shownS / this.#rotateS, 1)));
    if (this.#shownS >= this.#rotateS) this.#go(this.#at + 1);
  }

  async #askService() {
    this.#alarm = (await readService()).alarm;
  }

  get #zone() {
    return this.#plant.machines.values().next().value?.timezone ?? plantZone();
  }

  #go(i) {
    this.strip.children[this.#at]?.style.setProperty("--progress", "0");
    this.#at = i;
    this.#shownS = 0;
    this.#show();
    this.#strips.soon(this.cards);
  }

  #togglePause() {
    this.#paused = !this.#paused;
    setAttribute(this.pause, "aria-pressed", String(this.#paused));
  }
}

// A coloured count; made once per line and tone, so that only its number changes.
function pip(button, tone, number) {
  let node = [...button.children[1].children].find((child) => child.dataset.tone === tone);
  if (!node) node = h("span", { class: "pip", "data-tone": tone, title: t(`tone.${tone}`) }, icon(tone), h("span", {}));
  setText(node.lastChild, String(number));
  return node;
}

customElements.define("wall-board", WallBoard);
