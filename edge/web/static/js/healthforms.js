// What people say to an alarm: that they have taken note of it, or that work has been done on a component.

import { readPlantSettings, sendAcknowledgement, sendWorkDone } from "./api.js";
import { CorrectionSheet, field, textField } from "./correctionform.js";
import { h } from "./dom.js";
import { t } from "./strings.js";

/** Asks who takes note and why; `done` is told of the correction. */
export function openAcknowledgement(asset, monitor, done) {
  const sheet = new CorrectionSheet("acknowledge", t("health.acknowledge"), t("health.acknowledge.why"), done);
  const send = () => sheet.send((said) => sendAcknowledgement(asset, { ...said, monitor }));
  fillIn(sheet, t("health.acknowledge.what"), [], send);
}

/** Asks what has been done on which component. Those that the plant file names are offered, and `signals` that told. */
export function openWorkDone(asset, monitor, signals, done) {
  const sheet = new CorrectionSheet("work-done", t("health.done"), t("health.done.why"), done);
  const known = h("datalist", { id: `${sheet.node.getAttribute("aria-labelledby")}-components` }, signals.map((value) => h("option", { value })));
  readPlantSettings(asset).then(({ settings }) => {
    const components = Object.keys(settings.monitors?.[monitor]?.components ?? {});
    known.prepend(...components.map((value) => h("option", { value })));
  }, () => {}); // then they have to be typed
  const component = textField({ name: "component", list: known.id, maxlength: 64 });
  const action = textField({ name: "action", maxlength: 200 });
  const send = () => {
    const name = component.value.trim();
    if (!name) return sheet.refuse(t("health.noComponent"), component);
    const work = { component: name, ...(action.value.trim() && { action: action.value.trim() }) };
    return sheet.send((said) => sendWorkDone(asset, { ...said, ...work }));
  };
  const what = h("div", { class: "fields" }, field(t("health.component"), component), field(t("health.action"), action));
  fillIn(sheet, t("health.done.what"), [what, known], send);
}

function fillIn(sheet, text, fields, send) {
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  const save = h("button", { type: "submit", class: "button primary" }, t("health.save"));
  sheet.show(h("form", { class: "health-form", submit }, h("p", { class: "quiet" }, text), fields, sheet.people, sheet.failure, save));
  (sheet.by.value ? (sheet.node.querySelector("[name=component]") ?? sheet.comment) : sheet.by).focus();
}
