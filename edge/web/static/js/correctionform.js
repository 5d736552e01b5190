// What every correction asks for: who says so (remembered in this browser) and why; errors of the service show as text.

import { h, setText } from "./dom.js";
import { Sheet } from "./sheet.js";
import { store, stored } from "./storage.js";
import { t } from "./strings.js";

/** A sheet with name and comment; `send(say)` makes the request with {by, why} and closes the sheet where it succeeds. */
export class CorrectionSheet extends Sheet {
  #busy = false;

  constructor(name, title, why, done) {
    super(name, title);
    this.done = done;
    this.why = why;
    this.by = textField({ name: "by", autocomplete: "name", maxlength: 100, value: stored("person", "") });
    this.comment = textField({ name: "why", maxlength: 500, placeholder: why });
    this.failure = h("p", { class: "failure", role: "alert", hidden: true });
    this.people = h("div", { class: "fields" }, field(t("corrections.by"), this.by), field(t("corrections.comment"), this.comment));
  }

  /** `request({by, why})` answers once the correction is durable. */
  async send(request) {
    const by = this.by.value.trim();
    if (!by) return this.refuse(t("corrections.nobody"), this.by);
    if (this.#busy) return undefined; // a second press while the first is under way
    this.#busy = true;
    store("person", by);
    try {
      const answer = await request({ by, why: this.comment.value.trim() || this.why });
      this.close();
      this.done(answer);
    } catch (error) {
      this.refuse(t("corrections.failed", { why: error.message }));
    } finally {
      this.#busy = false;
    }
    return undefined;
  }

  /** Says what is wrong, and puts the focus where it can be mended. */
  refuse(text, at = null) {
    this.failure.hidden = false;
    setText(this.failure, text);
    at?.focus();
    this.failure.scrollIntoView({ block: "nearest" });
  }
}

export function field(label, input) {
  return h("label", { class: "field" }, h("span", {}, label), input);
}

export function textField(attributes) {
  return h("input", { type: "text", autocomplete: "off", ...attributes });
}
