// The corrections of the window: who said what and why, each can be taken back; scrap that was found later, and what the machine did not say.

import { readCorrections, sendCorrection, sendRevocation } from "./api.js";
import { serverNow } from "./clock.js";
import { CorrectionSheet, field, textField } from "./correctionform.js";
import { correctionText } from "./correctiontext.js";
import { h, setText } from "./dom.js";
import { momentText } from "./format.js";
import { fieldMs, fieldText } from "./localtime.js";
import { RecordForm } from "./recordform.js";
import { t } from "./strings.js";

const TAKEN_MS = 5_000;
const STEP_MS = 150;
const MOST = 1000;

/** `refresh(asset, {from, to}, zone)`; dispatches `corrected` when the service has taken a correction in. */
export class CorrectionPanel extends EventTarget {
  #asset = "";
  #window = {};
  #zone = "";

  constructor() {
    super();
    this.list = h("ul", { class: "corrections" });
    this.status = h("p", { class: "saved", role: "status" });
    const scrap = h("button", { type: "button", class: "button", click: () => new ScrapForm(this.#asset, this.#zone, (answer) => this.taken(answer)) }, t("scrap.open"));
    const record = h("button", { type: "button", class: "button", click: () => new RecordForm(this.#asset, this.#window, this.#zone, (answer) => this.taken(answer)) }, t("record.open"));
    this.node = h("div", {}, this.status, this.list, h("p", { class: "sheet-actions" }, scrap, record));
  }

  async refresh(asset, window_, zone) {
    [this.#asset, this.#window, this.#zone] = [asset, window_, zone];
    const { corrections } = await readCorrections({ asset, ...window_ });
    const rows = [...corrections].reverse().map((row) => this.#row(row));
    this.list.replaceChildren(...(rows.length ? rows : [h("li", { class: "quiet" }, t("corrections.none"))]));
  }

  /** After a correction is durable: waits until the service has worked it in, and has everything read anew. */
  async taken({ id, warnings = [] }, revoked = false) {
    setText(this.status, [t("corrections.saved"), ...warnings].join(" "));
    const end = performance.now() + TAKEN_MS; // one that touches no time known so far never shows
    while (performance.now() < end && !(await this.#shows(id, revoked))) await new Promise((done) => setTimeout(done, STEP_MS));
    this.dispatchEvent(new Event("corrected"));
  }

  async #shows(id, revoked) {
    const { corrections } = await readCorrections({ asset: this.#asset, limit: MOST }).catch(() => ({ corrections: [] }));
    return corrections.some((row) => row.id === id && (!revoked || row.revoked));
  }

  #row(row) {
    const who = t("corrections.said", { by: row.by, when: momentText(Date.parse(row.received), this.#zone), why: row.why });
    const revoked = row.revoked ? h("p", { class: "quiet" }, t("corrections.revoked", { by: row.revoked.by, why: row.revoked.why })) : null;
    const click = () => new RevokeForm(row, this.#zone, () => this.taken(row, true));
    const button = row.revoked ? null : h("button", { type: "button", class: "button", click }, t("corrections.revoke"));
    const text = h("div", {}, h("p", { class: "correction-what" }, correctionText(row, this.#zone)), h("p", { class: "quiet" }, who), revoked);
    return h("li", { "data-id": row.id, "data-kind": row.kind, "data-revoked": Boolean(row.revoked) }, text, button);
  }
}

class RevokeForm extends CorrectionSheet {
  constructor(row, zone, done) {
    super("revoke", t("revoke.title"), t("revoke.why"), done);
    const click = () => this.send((said) => sendRevocation(row.id, said));
    const button = h("button", { type: "button", class: "button primary", click }, t("corrections.revoke"));
    this.show(h("p", {}, correctionText(row, zone)), this.people, this.failure, h("p", { class: "sheet-actions" }, button));
  }
}

class ScrapForm extends CorrectionSheet {
  constructor(asset, zone, done) {
    super("scrap", t("scrap.title"), t("scrap.why"), done);
    const qty = h("input", { type: "number", min: 1, step: 1, name: "qty", inputmode: "numeric", value: 1 });
    const at = h("input", { type: "datetime-local", step: 1, name: "at", value: fieldText(serverNow(), zone) });
    const serial = textField({ name: "serial", maxlength: 128 });
    const lot = textField({ name: "lot", maxlength: 128 });
    const submit = (event) => {
      event.preventDefault();
      const made = fieldMs(at.value, zone);
      const named = [serial, lot].find((input) => input.value.trim());
      if (!(qty.value >= 1)) return this.refuse(t("scrap.noQty"), qty);
      if (!named && Number.isNaN(made)) return this.refuse(t("stop.noTime"), at);
      const when = named ? { [named.name]: named.value.trim() } : { at: new Date(made).toISOString() };
      return this.send((said) => sendCorrection({ kind: "scrap", asset, qty: Math.floor(qty.value), ...when, ...said }));
    };
    const fields = [field(t("scrap.qty"), qty), field(t("scrap.at"), at), field(t("scrap.serial"), serial), field(t("scrap.lot"), lot)];
    const button = h("button", { class: "button primary" }, t("scrap.save"));
    this.show(h("p", { class: "quiet" }, t("scrap.what")), this.people, this.failure, h("form", { class: "fields", submit, novalidate: true }, fields, button));
  }
}
