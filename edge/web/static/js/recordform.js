// What a machine did not say, or said wrongly: its state, product or order for a time, or parts that were not counted.

import { readPlant, sendCorrection } from "./api.js";
import { CorrectionSheet, field, textField } from "./correctionform.js";
import { arrange, h } from "./dom.js";
import { fieldMs, fieldText } from "./localtime.js";
import { stateName } from "./states.js";
import { t } from "./strings.js";

const KINDS = ["state", "product", "order", "count"];
const STATES = [
  "running", "slow", "setup", "changeover", "cleaning", "stopped", "fault", "idle", "starved", "blocked", "operator", "maintenance",
  "no_order", "unknown",
];

/** A form for one kind of correction at a time; `window_` is {from, to} as text, and where it starts. */
export class RecordForm extends CorrectionSheet {
  constructor(asset, window_, zone, done) {
    super("record", t("record.title"), t("record.why"), done);
    Object.assign(this, { asset, zone });
    this.kind = h("select", { name: "kind", change: () => this.#showFields() }, KINDS.map((kind) => h("option", { value: kind }, t(`record.${kind}`))));
    this.from = this.#moment("from", Date.parse(window_.from));
    this.to = this.#moment("to", Date.parse(window_.to));
    this.state = h("select", { name: "state" }, STATES.map((state) => h("option", { value: state }, stateName(state))));
    this.known = h("datalist", { id: `${this.node.getAttribute("aria-labelledby")}-products` });
    this.product = textField({ name: "product", maxlength: 128, list: this.known.id });
    this.order = textField({ name: "order", maxlength: 128 });
    this.total = h("input", { type: "number", step: 1, name: "total", value: 0 });
    this.bad = h("input", { type: "number", step: 1, name: "bad", value: 0 });
    this.fields = h("div", { class: "fields" });
    const submit = (event) => {
      event.preventDefault();
      const said = this.#said();
      if (said) this.send((people) => sendCorrection({ kind: this.kind.value, asset, ...said, ...people }));
    };
    const save = h("p", { class: "sheet-actions" }, h("button", { class: "button primary" }, t("scrap.save")));
    const form = h("form", { class: "record-form", submit, novalidate: true }, field(t("record.kind"), this.kind), this.fields, save);
    this.show(h("p", { class: "quiet" }, t("record.what")), this.people, this.failure, form, this.known);
    this.#showFields();
    this.#readProducts();
  }

  #moment(name, ms) {
    return h("input", { type: "datetime-local", step: 1, name, value: fieldText(ms, this.zone) });
  }

  #showFields() {
    const span = [field(t("column.from"), this.from), field(t("column.to"), this.to)];
    const of = {
      state: () => [...span, field(t("correction.state"), this.state)],
      product: () => [...span, field(t("correction.product"), this.product)],
      order: () => [...span, field(t("correction.order"), this.order)],
      count: () => [field(t("record.at"), this.from), field(t("record.total"), this.total), field(t("record.bad"), this.bad)],
    };
    arrange(this.fields, of[this.kind.value]());
  }

  // What the service needs beside who and why; nothing where something is missing, which is said.
  #said() {
    const kind = this.kind.value;
    const [from, to] = [this.from, this.to].map((input) => this.#instant(input));
    if (!from) return this.refuse(t("stop.noTime"), this.from);
    if (kind === "count") {
      const [total, bad] = [this.total, this.bad].map((input) => Math.trunc(Number(input.value)));
      return total || bad ? { at: from, total, bad } : this.refuse(t("record.noParts"), this.total);
    }
    if (!to) return this.refuse(t("stop.noTime"), this.to);
    const value = this[kind].value.trim();
    return value ? { from, to, [kind]: value } : this.refuse(t("record.empty"), this[kind]);
  }

  #instant(input) {
    const ms = fieldMs(input.value, this.zone);
    return Number.isNaN(ms) ? null : new Date(ms).toISOString();
  }

  // Without an answer a product can be typed.
  async #readProducts() {
    const { products } = await readPlant({}).catch(() => ({ products: {} }));
    const options = Object.entries(products).map(([name, product]) => h("option", { value: name }, product.title ?? ""));
    this.known.replaceChildren(...options);
  }
}
