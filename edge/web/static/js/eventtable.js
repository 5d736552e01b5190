// Events of a machine as rows: when, what kind, and the members that say something.

import { h } from "./dom.js";
import { humanize, momentText } from "./format.js";
import { t } from "./strings.js";

const ENVELOPE = new Set(["offset", "index", "kind", "asset", "ts", "received", "clock_ahead", "id", "boot", "seq"]);

/** Table rows, the newest first. */
export function eventRows(events, zone) {
  if (!events.length) return [h("tr", {}, h("td", { class: "quiet" }, t("events.none")))];
  const newest = [...events].sort((a, b) => Date.parse(b.ts) - Date.parse(a.ts));
  return newest.map((event) =>
    h(
      "tr",
      { "data-kind": event.kind },
      h("td", { class: "number" }, h("time", { datetime: event.ts }, momentText(Date.parse(event.ts), zone))),
      h("th", { scope: "row" }, t(`event.${event.kind}`, {}, humanize(event.kind))),
      h("td", {}, memberText(event)),
      h("td", { class: "quiet" }, event.clock_ahead ? t("event.clock_ahead") : ""),
    ),
  );
}

function memberText(event) {
  const members = Object.entries(event).filter(([name, value]) => !ENVELOPE.has(name) && value !== null && value !== undefined);
  return members.map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");
}
