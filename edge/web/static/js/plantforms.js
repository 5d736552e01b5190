// Forms that change plant data from an instant on. What cannot hold the service refuses, and says what would be right.

import { sendPlantChange } from "./api.js";
import { serverNow } from "./clock.js";
import { CorrectionSheet, field, textField } from "./correctionform.js";
import { h } from "./dom.js";
import { fieldMs, fieldText } from "./localtime.js";
import { changeText } from "./plantchangetext.js";
import { t } from "./strings.js";

const MANY = 12;

class PlantForm extends CorrectionSheet {
  constructor(zone, title, done, { dated = true } = {}) {
    super("plant", title, t("plant.form.why"), done);
    this.zone = zone;
    this.since = dated ? moment("valid_from", serverNow(), zone) : null;
  }

  /** Shows the fields with a way to save; `say()` gives {method, path, content}, or nothing where it has refused. */
  build(fields, say, ...more) {
    const submit = (event) => {
      event.preventDefault();
      const said = say();
      if (said) this.send((people) => sendPlantChange(said.method ?? "PUT", said.path, { ...said.content, ...people }));
    };
    const since = this.since ? [field(t("plant.form.since"), this.since)] : [];
    const save = h("button", { class: "button primary" }, t("plant.form.save"));
    const form = h("form", { submit, novalidate: true }, h("div", { class: "fields" }, since, fields), ...more, h("p", { class: "sheet-actions" }, save));
    this.show(this.people, this.failure, form);
  }

  /** The instant in a field as text, or null where there is none, which is said. */
  instant(input) {
    const ms = fieldMs(input.value, this.zone);
    if (!Number.isNaN(ms)) return new Date(ms).toISOString();
    this.refuse(t("stop.noTime"), input);
    return null;
  }

  /** {method, path, content} with the instant from which on it holds. */
  from(path, content) {
    const since = this.instant(this.since);
    return since && { path, content: { ...content, valid_from: since } };
  }
}

/** A product, known (`product`) or new (null). */
export class ProductForm extends PlantForm {
  constructor(zone, name, product, done) {
    super(zone, product ? t("plant.changeProduct", { name }) : t("plant.addProduct"), done);
    const called = textField({ name: "product", maxlength: 128, value: name, disabled: Boolean(product) });
    const title = textField({ name: "title", maxlength: 128, value: product?.title ?? "" });
    const cycle = number("ideal_cycle_s", product?.ideal_cycle_s);
    const parts = number("parts_per_cycle", product?.parts_per_cycle ?? 1);
    this.build([field(t("plant.product"), called), field(t("plant.title"), title), field(t("plant.form.cycle"), cycle), field(t("plant.parts"), parts)], () => {
      if (!called.value.trim()) return this.refuse(t("plant.form.noName"), called);
      const content = { ideal_cycle_s: value(cycle), parts_per_cycle: value(parts), ...(title.value.trim() && { title: title.value.trim() }) };
      return this.from(["products", called.value.trim()], content);
    });
  }
}

/** The settings and reasons of a machine or pattern; only what differs from what holds is said. */
export class MachineForm extends PlantForm {
  constructor(zone, name, plant, done) {
    super(zone, name ? t("plant.changeMachine", { name }) : t("plant.addMachine"), done);
    const known = plant.machines[name] ?? {};
    const path = textField({ name: "path", maxlength: 300, value: name, disabled: Boolean(name), placeholder: "demo/packing/*" });
    const products = ["", ...Object.keys(plant.products)].map((one) => h("option", { value: one, selected: one === (known.product ?? "") }, one || "–"));
    const product = h("select", { name: "product" }, products);
    const fields = ["target_oee", "demand_per_h", "microstop_threshold_s"].map((key) => number(key, known[key]));
    const reasons = h("textarea", { name: "stop_reasons", rows: 8, spellcheck: "true" }, (known.stop_reasons ?? []).join("\n"));
    const all = [field(t("plant.path"), path), field(t("plant.product"), product), ...fields.map((input) => field(t(`plant.form.${input.name}`), input))];
    this.build(all, () => {
      if (!path.value.trim()) return this.refuse(t("plant.form.noName"), path);
      const content = {};
      if (product.value !== (known.product ?? "")) content.product = product.value || null;
      for (const input of fields) if (value(input) !== (known[input.name] ?? null)) content[input.name] = value(input);
      const lines = reasons.value.split("\n").map((line) => line.trim()).filter(Boolean);
      if (lines.join("\n") !== (known.stop_reasons ?? []).join("\n")) content.stop_reasons = lines;
      if (!Object.keys(content).length) return this.refuse(t("plant.form.nothing"));
      return this.from(["machines", ...path.value.trim().split("/")], content);
    }, h("label", { class: "field" }, h("span", {}, t("plant.form.stop_reasons", { n: MANY })), reasons));
  }
}

/** All shifts of a site, each with its breaks. */
export class ShiftForm extends PlantForm {
  constructor(zone, name, site, done) {
    super(zone, t("plant.changeShifts"), done);
    this.rows = h("div", { class: "shift-rows" });
    const breaksOf = (shift) => [...shift.breaks, ...site.breaks.filter((one) => one.shift === shift.name)];
    for (const shift of site.shifts) this.#add({ ...shift, breaks: breaksOf(shift) });
    const more = h("button", { type: "button", class: "button", click: () => this.#add() }, t("plant.form.addShift"));
    this.build([], () => this.from(["sites", name, "shifts"], { shifts: [...this.rows.children].map(shiftOf) }), h("p", { class: "quiet" }, t("plant.form.shifts")), this.rows, more);
  }

  #add(shift = { name: "", start: "06:00", end: "14:00", days: ["mon", "tue", "wed", "thu", "fri"], breaks: [], offset_days: 0 }) {
    const breaks = shift.breaks.map((one) => `${one.start.slice(0, 5)} ${one.minutes} ${one.name}`).join(", ");
    const inputs = [
      field(t("plant.shift"), textField({ name: "name", maxlength: 64, value: shift.name })),
      field(t("plant.begins"), h("input", { type: "time", name: "start", value: shift.start.slice(0, 5) })),
      field(t("plant.ends"), h("input", { type: "time", name: "end", value: shift.end.slice(0, 5) })),
      field(t("plant.form.days"), textField({ name: "days", value: shift.days.join(" ") })),
      field(t("plant.form.breaks"), textField({ name: "breaks", value: breaks, placeholder: "09:00 15 breakfast" })),
    ];
    const remove = h("button", { type: "button", class: "button", click: () => group.remove() }, t("plant.form.removeShift"));
    const group = h("fieldset", { "data-offset": shift.offset_days }, h("div", { class: "fields" }, inputs, remove));
    this.rows.append(group);
  }
}

function shiftOf(group) {
  const text = (name) => group.querySelector(`[name=${name}]`).value.trim();
  const breaks = text("breaks").split(",").map((one) => one.trim()).filter(Boolean).map(breakOf);
  const offset = Number(group.dataset.offset);
  return { name: text("name"), start: text("start"), end: text("end"), days: text("days").toLowerCase().split(/[\s,]+/u).filter(Boolean), breaks, ...(offset && { offset_days: offset }) };
}

function breakOf(text) {
  const [start, minutes, ...name] = text.split(/\s+/u);
  return { start, minutes: Number(minutes), ...(name.length && { name: name.join(" ") }) };
}

/** A planned stop or unscheduled time of a site. */
export class ExceptionForm extends PlantForm {
  constructor(zone, name, done) {
    super(zone, t("plant.addException"), done, { dated: false });
    const kind = h("select", { name: "kind" }, ["planned", "unscheduled"].map((one) => h("option", { value: one }, t(`plant.${one}`))));
    const [from, to] = [moment("from", serverNow(), zone), moment("to", serverNow() + 3_600_000, zone)];
    const reason = textField({ name: "reason", maxlength: 128 });
    this.build([field(t("plant.kind"), kind), field(t("plant.begins"), from), field(t("plant.ends"), to), field(t("plant.reason"), reason)], () => {
      const span = { from: this.instant(from), to: this.instant(to) };
      const content = { kind: kind.value, ...span, ...(reason.value.trim() && { reason: reason.value.trim() }) };
      return span.from && span.to && { method: "POST", path: ["sites", name, "exceptions"], content };
    });
  }
}

export class RevokeChangeForm extends PlantForm {
  constructor(zone, change, done) {
    super(zone, t("plant.revoke"), done, { dated: false });
    this.build([], () => ({ method: "POST", path: ["changes", change.id, "revoke"], content: {} }), h("p", {}, changeText(change, zone)));
  }
}

function moment(name, ms, zone) {
  return h("input", { type: "datetime-local", step: 1, name, value: fieldText(ms, zone) });
}

function number(name, known) {
  return h("input", { type: "number", step: "any", min: 0, name, inputmode: "decimal", value: known ?? "" });
}

// What a number field holds, null where it is empty.
function value(input) {
  return input.value === "" ? null : Number(input.value);
}
