// Plant data: products, calendars, settings and reasons as they hold at an instant, every change, and forms that add one.

import { readPlant, readPlantChanges } from "./api.js";
import { serverNow } from "./clock.js";
import { h, setText } from "./dom.js";
import { count, momentText, percent } from "./format.js";
import { plantZone, setZone } from "./header.js";
import { live } from "./live.js";
import { fieldMs } from "./localtime.js";
import { changeText } from "./plantchangetext.js";
import { ExceptionForm, MachineForm, ProductForm, RevokeChangeForm, ShiftForm } from "./plantforms.js";
import { t } from "./strings.js";

const LATEST = 30; // changes before somebody asks for all

class PlantPage extends HTMLElement {
  #at = null; // null: now
  #all = false;

  connectedCallback() {
    document.title = t("nav.plant");
    this.at = h("input", { type: "datetime-local", step: 1, name: "at", "aria-label": t("plant.at"), change: () => this.#moved() });
    const now = h("button", { type: "button", class: "button", click: () => this.#toNow() }, t("plant.now"));
    const head = h("div", { class: "page-head" }, h("h1", {}, t("nav.plant")), h("div", { class: "filter" }, this.at, now));
    this.holds = h("p", { class: "quiet", role: "status" }, t("board.loading"));
    this.status = h("p", { class: "saved", role: "status" });
    this.parts = ["products", "calendar", "machines", "changes"].map((name) => h("div", { "data-part": name }));
    this.replaceChildren(head, h("p", { class: "quiet" }, t("plant.why")), this.status, this.holds, ...this.parts);
    live.start({ asset: "", kinds: ["rejection"], refresh: () => this.#refresh() });
  }

  #moved() {
    const ms = fieldMs(this.at.value, plantZone());
    this.#at = Number.isNaN(ms) ? null : ms;
    live.refresh();
  }

  #toNow() {
    this.#at = null;
    this.at.value = "";
    live.refresh();
  }

  #saved(answer) {
    setText(this.status, [t("plant.saved"), ...(answer.warnings ?? [])].join(" "));
    live.refresh();
  }

  async #refresh() {
    const at = new Date(this.#at ?? serverNow()).toISOString();
    const [plant, { changes }] = await Promise.all([readPlant({ at }), readPlantChanges()]);
    setZone(Object.values(plant.sites)[0]?.timezone);
    this.plant = plant;
    this.begun = changes.filter((one) => !one.revoked && Date.parse(one.valid_from ?? one.value.from) <= Date.parse(at));
    const [from, to] = [plant.from, plant.to].map((text) => (text ? momentText(Date.parse(text), plantZone()) : null));
    setText(this.holds, [t("plant.shown", { at: momentText(Date.parse(at), plantZone()) }), from && t("plant.since", { from }), to && t("plant.until", { to })].filter(Boolean).join(" "));
    const drawn = [this.#products(), this.#calendar(), this.#machines(), this.#changes(changes)];
    this.parts.forEach((part, i) => part.replaceChildren(...drawn[i].filter(Boolean)));
  }

  #done() {
    return (answer) => this.#saved(answer);
  }

  // Since when and by whom something holds: the last change of it that has begun.
  #since(kind, name) {
    const mine = this.begun.filter((one) => one.kind === kind && one.name === name);
    const last = mine.sort((a, b) => Date.parse(a.valid_from) - Date.parse(b.valid_from)).at(-1);
    if (!last) return h("td", { class: "quiet" }, t("plant.file"));
    return h("td", { title: last.why }, t("plant.by", { by: last.by, when: momentText(Date.parse(last.valid_from), plantZone()) }));
  }

  #products() {
    const rows = Object.entries(this.plant.products).map(([name, product]) =>
      row(name, [product.title ?? "", t("plant.seconds", { n: count(product.ideal_cycle_s) }), count(product.parts_per_cycle)], this.#since("product", name), () =>
        new ProductForm(plantZone(), name, product, this.#done())));
    const add = button(t("plant.addProduct"), () => new ProductForm(plantZone(), "", null, this.#done()));
    return [panel("plant.products", table(["plant.product", "plant.title", "plant.cycle", "plant.parts", "plant.from"], rows), add)];
  }

  #calendar() {
    return Object.entries(this.plant.sites).map(([name, site]) => {
      const rows = site.shifts.map((shift) => h("tr", {}, h("th", { scope: "row" }, shift.name), ...cells([`${short(shift.start)} – ${short(shift.end)}`, days(shift.days), breaks(shift, site)])));
      const shifts = rows.length ? table(["plant.shift", "plant.times", "plant.days", "plant.breaks"], rows) : h("p", {}, t("plant.roundTheClock"));
      const held = h("table", { class: "parts-table" }, h("tbody", {}, h("tr", {}, h("th", { scope: "row" }, t("plant.from")), this.#since("shifts", name))));
      const change = button(t("plant.changeShifts"), () => new ShiftForm(site.timezone, name, site, this.#done()));
      const add = button(t("plant.addException"), () => new ExceptionForm(site.timezone, name, this.#done()));
      return panel("plant.calendar", shifts, held, h("h3", {}, t("plant.exceptions")), exceptions(site), h("p", { class: "sheet-actions" }, change, add), `${site.title ?? name} · ${site.timezone}`);
    });
  }

  #machines() {
    const rows = Object.entries(this.plant.machines).filter(([, one]) => Object.keys(one).some((key) => key !== "title")).map(([name, one]) =>
      row(name, [one.product ?? "", one.target_oee ? percent(one.target_oee, 0) : "", one.microstop_threshold_s ?? "", (one.stop_reasons ?? []).join(", ")], this.#since("machine", name), () =>
        new MachineForm(plantZone(), name, this.plant, this.#done())));
    const add = button(t("plant.addMachine"), () => new MachineForm(plantZone(), "", this.plant, this.#done()));
    return [panel("plant.machines", table(["plant.path", "plant.product", "plant.target", "plant.threshold", "plant.reasons", "plant.from"], rows), add)];
  }

  #changes(changes) {
    const newest = [...changes].reverse();
    const rows = (this.#all ? newest : newest.slice(0, LATEST)).map((one) => this.#change(one));
    const list = h("ul", { class: "corrections" }, rows.length ? rows : h("li", { class: "quiet" }, t("plant.noChanges")));
    const hidden = newest.length - rows.length;
    const showAll = () => {
      this.#all = true;
      live.refresh();
    };
    return [panel("plant.changes", list, hidden > 0 ? button(t("reasons.more", { n: hidden }), showAll) : null)];
  }

  #change(one) {
    const who = t("corrections.said", { by: one.by, when: momentText(Date.parse(one.received), plantZone()), why: one.why });
    const revoked = one.revoked ? h("p", { class: "quiet" }, t("corrections.revoked", { by: one.revoked.by, why: one.revoked.why })) : null;
    const revoke = one.revoked ? null : button(t("corrections.revoke"), () => new RevokeChangeForm(plantZone(), one, this.#done()));
    const text = h("div", {}, h("p", { class: "correction-what" }, changeText(one, plantZone())), h("p", { class: "quiet" }, who), revoked);
    return h("li", { "data-id": one.id, "data-kind": one.kind, "data-revoked": Boolean(one.revoked) }, text, revoke);
  }
}

function panel(title, ...content) {
  const subtitle = typeof content.at(-1) === "string" ? content.pop() : null;
  return h("section", { class: "panel" }, h("h2", {}, t(title)), subtitle && h("p", { class: "quiet" }, subtitle), ...content);
}

function button(text, click) {
  return h("button", { type: "button", class: "button", click }, text);
}

function cells(texts) {
  return texts.map((text) => h("td", {}, String(text)));
}

function row(name, texts, since, change) {
  return h("tr", {}, h("th", { scope: "row" }, name), ...cells(texts), since, h("td", {}, button(t("plant.change"), change)));
}

function table(heads, rows) {
  const titles = heads.map((key) => h("th", { scope: "col" }, t(key)));
  return h("div", { class: "plant-table" }, h("table", { class: "parts-table" }, h("thead", {}, h("tr", {}, titles)), h("tbody", {}, rows)));
}

function short(time) {
  return time.slice(0, 5);
}

function days(names) {
  return names.length === 7 ? t("plant.everyDay") : names.map((name) => t(`plant.day.${name}`)).join(" ");
}

function breaks(shift, site) {
  const all = [...shift.breaks, ...site.breaks.filter((one) => one.shift === shift.name)];
  return all.map((one) => `${short(one.start)} ${one.name} (${count(one.minutes)} min)`).join(", ");
}

function exceptions(site) {
  const slots = ["planned", "unscheduled"].flatMap((kind) => site[kind].map((slot) => ({ kind, ...slot })));
  const rows = slots.sort((a, b) => Date.parse(b.from) - Date.parse(a.from)).map(({ kind, from, to, reason }) =>
    h("tr", {}, h("th", { scope: "row" }, t(`plant.${kind}`)), ...cells([momentText(Date.parse(from), site.timezone), momentText(Date.parse(to), site.timezone), reason ?? ""])));
  return rows.length ? table(["plant.kind", "plant.begins", "plant.ends", "plant.reason"], rows) : h("p", { class: "quiet" }, t("plant.noExceptions"));
}

customElements.define("plant-page", PlantPage);
