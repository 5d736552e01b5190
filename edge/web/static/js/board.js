// The line board: every machine of the plant, grouped by line, what needs somebody first.

import "./header.js";
import { arrange, h, icon, setAttribute, setText } from "./dom.js";
import { setZone } from "./header.js";
import { countTones, linesInOrder, SectionShelf } from "./line.js";
import { live } from "./live.js";
import { LineLosses, LossReader } from "./linelosses.js";
import { nameOf, Plant } from "./plant.js";
import { store, stored } from "./storage.js";
import { StripReader } from "./strips.js";
import { TONES } from "./states.js";
import { t } from "./strings.js";

const SORTS = ["worst", "line"];

class LineBoard extends HTMLElement {
  #plant = new Plant(new URLSearchParams(window.location.search).get("asset") ?? "");
  #sort = SORTS.includes(stored("sort", "worst")) ? stored("sort", "worst") : "worst";
  #tone = "";
  #shelf = new SectionShelf();
  #losses = new LossReader();
  #strips = new StripReader();
  #chips = new Map();

  connectedCallback() {
    document.title = t("nav.board");
    this.#build();
    this.#plant.addEventListener("change", () => this.#show());
    this.#plant.addEventListener("stranger", () => live.soon());
    live.addEventListener("status", ({ detail }) => this.#plant.take(detail));
    this.#strips.follow(this.sections);
    live.addEventListener("connection", () => this.#showEmpty());
    live.start({ asset: this.#plant.filter, kinds: ["status"], refresh: () => this.#refresh() });
  }

  async #refresh() {
    try {
      await this.#plant.refresh();
      await Promise.all([this.losses.refresh(this.#plant), this.#losses.refresh(this.#plant.shownLines)]);
      this.#show();
      await this.#strips.refresh(this.sections);
    } finally {
      this.#showEmpty();
    }
  }

  #build() {
    this.counts = h("ul", { class: "counts", "aria-label": t("board.counts") });
    this.place = h("select", { "aria-label": t("board.place"), hidden: true, change: () => this.#filter(this.place.value) });
    const sorts = SORTS.map((sort) => this.#sortButton(sort));
    const wall = h("a", { class: "button", href: "/?wall=1" }, icon("wall"), t("board.wall"));
    const order = h("div", { class: "segmented", role: "group", "aria-label": t("board.sort") }, sorts);
    this.sections = h("div", { class: "sections" });
    this.empty = h("p", { class: "notice", role: "status" }, t("board.loading"));
    this.losses = new LineLosses();
    const tools = h("div", { class: "board-tools" }, this.place, order, wall);
    const heading = h("h1", { class: "visually-hidden" }, t("nav.board"));
    this.replaceChildren(heading, h("div", { class: "board-bar" }, this.counts, tools), this.empty, this.sections, this.losses.node);
  }

  #sortButton(sort) {
    const click = () => {
      this.#sort = sort;
      store("sort", sort);
      for (const button of button_.parentNode.children) setAttribute(button, "aria-pressed", String(button === button_));
      this.#show();
    };
    const button_ = h("button", { type: "button", "aria-pressed": String(sort === this.#sort), click }, t(`sort.${sort}`));
    return button_;
  }

  #filter(asset) {
    this.#plant.filter = asset;
    const query = asset ? `?${new URLSearchParams({ asset })}` : "/";
    window.history.replaceState(null, "", query);
    this.#show();
    live.follow(asset);
    live.refresh();
  }

  #show() {
    const lines = linesInOrder(this.#plant, this.#sort);
    this.#showPlaces();
    this.#showCounts(lines);
    this.#shelf.arrange(this.sections, this.#plant, lines, { sort: this.#sort, tone: this.#tone, losses: this.#losses });
    const first = this.#plant.machines.get(lines[0]?.machines[0]);
    setZone(first?.timezone);
    this.#showEmpty();
  }

  #showPlaces() {
    const options = [["", t("board.all")]];
    for (const place of this.#plant.places) options.push([place.path, place.title ?? place.path]);
    for (const line of this.#plant.lines) options.push([line.path, nameOf(line)]);
    const key = JSON.stringify(options);
    if (this.place.dataset.key !== key) {
      this.place.dataset.key = key;
      this.place.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));
    }
    this.place.hidden = options.length < 2;
    this.place.value = this.#plant.filter;
  }

  #showCounts(lines) {
    const statuses = lines.flatMap((line) => line.machines).map((path) => this.#plant.machines.get(path));
    const counts = countTones(statuses.filter(Boolean));
    if (this.#tone && !counts.has(this.#tone)) this.#tone = "";
    const shown = TONES.filter((tone) => counts.has(tone));
    for (const tone of shown) this.#chip(tone).update(counts.get(tone), tone === this.#tone);
    arrange(this.counts, shown.map((tone) => this.#chip(tone).node));
  }

  #chip(tone) {
    if (!this.#chips.has(tone)) this.#chips.set(tone, new CountChip(tone, () => this.#only(tone)));
    return this.#chips.get(tone);
  }

  #only(tone) {
    this.#tone = this.#tone === tone ? "" : tone;
    this.#show();
  }

  #showEmpty() {
    const lines = this.#plant.shownLines;
    this.empty.hidden = lines.some((line) => line.machines.length);
    if (this.empty.hidden) return;
    setText(this.empty, live.failure ? t("board.failed", { why: live.failure.message }) : t(this.#plant.loaded ? "board.empty" : "board.loading"));
  }
}

// The number of machines in one state; pressed, the board shows only them.
class CountChip {
  constructor(tone, click) {
    this.number = h("strong");
    this.button = h("button", { type: "button", class: "count", "data-tone": tone, title: t("board.only"), click }, icon(tone), this.number, h("span", {}, t(`tone.${tone}`)));
    this.node = h("li", {}, this.button);
  }

  update(number, pressed) {
    setText(this.number, String(number));
    setAttribute(this.button, "aria-pressed", String(pressed));
  }
}

customElements.define("line-board", LineBoard);
