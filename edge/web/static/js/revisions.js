// How a number changed after its window was over: step by step, with what arrived late or was corrected.

import { readRevisions } from "./api.js";
import { correctionText } from "./correctiontext.js";
import { changeText } from "./plantchangetext.js";
import { h } from "./dom.js";
import { count, momentText } from "./format.js";
import { plainText } from "./facttable.js";
import { messageButtons } from "./message.js";
import { unitOf, valueName, valueText } from "./kpis.js";
import { t } from "./strings.js";

/** Whether the window of an answer is over, so that it has a first result. */
export function isOver(answer) {
  return Date.parse(answer.to) < Date.parse(answer.as_of);
}

/** A part of an explanation that reads the changes of its number: open where there are any. */
export function revisionPart(kpi, value, { asset, from, to }) {
  const summary = h("summary", {}, t("revisions.title"));
  const body = h("div", { class: "revisions" }, h("p", { class: "quiet" }, t("board.loading")));
  const part = h("details", { "data-part": "revisions" }, summary, body);
  readRevisions(kpi.name, { asset, from, to }).then(
    (answer) => {
      const [first, ...changes] = answer.revisions;
      summary.textContent = t("explain.part", { title: t("revisions.title"), n: changes.length });
      part.open = changes.length > 0;
      body.replaceChildren(start(kpi, value, first, answer.timezone), ...changes.map((one) => change(kpi, one, answer.timezone)));
    },
    (error) => body.replaceChildren(h("p", { class: "failure", role: "alert" }, t("board.failed", { why: error.message }))),
  );
  return part;
}

function start(kpi, value, first, zone) {
  const text = valueText(value, first.values[value], unitOf(kpi, value));
  return h("p", {}, t("revisions.first", { at: momentText(Date.parse(first.as_of), zone) }), " ", h("strong", {}, text));
}

function change(kpi, revision, zone) {
  const values = pairs(kpi, revision.changed.values, (name, one) => valueText(name, one, unitOf(kpi, name)));
  const facts = pairs(kpi, revision.changed.facts, plainText);
  const hours = [...new Set(revision.hours.map((hour) => momentText(Date.parse(hour.from), zone)))];
  const title = t("revisions.changed", { n: revision.revision - 1, at: momentText(Date.parse(revision.as_of), zone) });
  return h(
    "section",
    { "data-revision": revision.revision },
    h("h3", {}, title),
    h("ul", {}, revision.causes.map((one) => cause(one, zone))),
    revision.causes.length ? null : h("p", { class: "quiet" }, t("revisions.settings")),
    h("table", { class: "facts" }, h("tbody", {}, values, facts)),
    h("p", { class: "quiet" }, t("revisions.hours", { hours: hours.join(", ") })),
    revision.left_out ? h("p", { class: "quiet" }, t("reasons.more", { n: count(revision.left_out) })) : null,
  );
}

function pairs(kpi, changed, text) {
  const known = (value) => value === null || typeof value !== "object";
  const rows = Object.entries(changed).filter(([, both]) => both.every(known));
  return rows.map(([name, [before, after]]) => {
    const parts = [text(name, before), " → ", h("strong", {}, text(name, after))];
    return h("tr", {}, h("th", { scope: "row", title: name }, valueName(name, kpi)), h("td", { class: "number" }, parts));
  });
}

function cause(one, zone) {
  const received = t("revisions.received", { at: momentText(Date.parse(one.received), zone) });
  const said = one.correction;
  if (one.change) {
    const who = `${changeText(one.change, zone)} (${one.change.by}: ${one.change.why})`;
    return h("li", { "data-kind": one.kind }, who, `, ${received} `, messageButtons(one.offsets, zone));
  }
  const text = said ? `${correctionText(said, zone)} (${said.by}: ${said.why})` : `${t(`event.${one.kind}`, {}, one.kind)} (${count(one.messages)}) ${span(one, zone)}`;
  return h("li", { "data-kind": one.kind }, text, `, ${received} `, messageButtons(one.offsets, zone));
}

function span({ from, to }, zone) {
  const [first, last] = [from, to].map((text) => momentText(Date.parse(text), zone));
  return first === last ? first : `${first} – ${last}`;
}
