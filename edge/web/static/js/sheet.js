// A dialog over the page: a title, something to read or to fill in, and a way out (button or Escape). Sheets may lie over each other.

import { h, icon } from "./dom.js";
import { t } from "./strings.js";

let opened = 0;

export class Sheet {
  /** Opens at once; `name` tells sheets apart for styles and tests. The focus goes back where it was. */
  constructor(name, title, ...content) {
    const id = `sheet-${(opened += 1)}`;
    this.before = document.activeElement;
    this.body = h("div", { class: "sheet-body" }, content);
    const close = h("button", { class: "tool", type: "button", "aria-label": t("sheet.close"), click: () => this.close() }, icon("close"));
    const head = h("header", { class: "sheet-head" }, h("h2", { id }, title), close);
    this.node = h("dialog", { class: "sheet", "data-sheet": name, "aria-labelledby": id, close: () => this.#closed() }, head, this.body);
    document.body.append(this.node);
    this.node.showModal();
  }

  close() {
    this.node.close();
  }

  show(...content) {
    this.body.replaceChildren(...content.flat().filter(Boolean));
  }

  /** What `reading` comes to is shown by `draw`, its failure as text. */
  async fill(reading, draw) {
    this.show(h("p", { class: "notice", role: "status" }, t("board.loading")));
    try {
      this.show(draw(await reading));
    } catch (error) {
      this.show(h("p", { class: "failure", role: "alert" }, t("board.failed", { why: error.message })));
    }
  }

  #closed() {
    this.node.remove();
    if (this.before?.isConnected) this.before.focus({ preventScroll: true });
  }
}
