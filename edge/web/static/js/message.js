// One message of the journal as the broker gave it, and what became of it.

import { readMessage } from "./api.js";
import { h } from "./dom.js";
import { eventRows } from "./eventtable.js";
import { count, momentText, size } from "./format.js";
import { payloadText, reasonText } from "./rejectiontable.js";
import { Sheet } from "./sheet.js";
import { t } from "./strings.js";

/** Opens the message at a journal offset; from there one can walk to those before and after it. */
export function openMessage(offset, zone) {
  const sheet = new Sheet("message", t("message.title"));
  showMessage(sheet, offset, zone);
}

/** Buttons that open messages; `ranges` are [first, last] offsets. */
export function messageButtons(ranges, zone) {
  return ranges.map(([first, last]) => {
    const text = first === last ? `#${first}` : `#${first}–${last}`;
    return h("button", { type: "button", class: "offset", "data-offset": first, click: () => openMessage(first, zone) }, text);
  });
}

function showMessage(sheet, offset, zone) {
  const walk = (to, text) => h("button", { type: "button", class: "button", disabled: to < 1, click: () => showMessage(sheet, to, zone) }, text);
  const steps = h("p", { class: "sheet-actions" }, walk(offset - 1, t("message.before")), walk(offset + 1, t("message.after")));
  sheet.fill(
    readMessage(offset).catch((error) => {
      if (error.status === 404) return null;
      throw error;
    }),
    (message) => [...(message ? content(message, zone) : [h("p", { class: "notice" }, t("message.missing", { offset }))]), steps],
  );
}

function content(message, zone) {
  const marks = [message.retain && "retain", message.dup && "dup"].filter(Boolean).join(", ");
  const facts = [
    ["message.offset", `#${message.offset}`],
    ["message.topic", message.topic],
    ["message.received", momentText(Date.parse(message.received), zone)],
    ["message.size", size(message.size)],
    ["message.delivery", [`QoS ${message.qos}`, marks, t("message.epoch", { n: count(message.epoch) })].filter(Boolean).join(", ")],
  ];
  const rows = facts.map(([key, text]) => h("tr", {}, h("th", { scope: "row" }, t(key)), h("td", {}, text)));
  const refused = message.rejections.map(({ reason, detail }) => h("li", {}, h("strong", { class: "chip warn" }, reasonText(reason)), ` ${detail ?? ""}`));
  const events = message.events.length ? h("div", { class: "table-scroll" }, h("table", { class: "events" }, h("tbody", {}, eventRows(message.events, zone)))) : null;
  const nothing = events || refused.length ? null : h("p", { class: "quiet" }, t(message.topic.startsWith("$edge/") ? "message.own" : "message.nothing"));
  return [
    h("table", { class: "facts" }, h("tbody", {}, rows)),
    h("h3", {}, t("message.payload")),
    h("pre", { class: "payload", tabindex: "0" }, payloadText(message)),
    h("h3", {}, t("message.became")),
    events,
    refused.length ? h("ul", { class: "refused" }, refused) : null,
    nothing,
  ].filter(Boolean);
}
