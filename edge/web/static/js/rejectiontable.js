// Rejected messages as rows: when, why, from where, and what they said; payloads are shown as text, whatever they hold.

import { assetPage } from "./api.js";
import { h } from "./dom.js";
import { humanize, momentText, size } from "./format.js";
import { t } from "./strings.js";

const PREVIEW_CHARS = 4000;
const LINE_CHARS = 90;

/** The word for a reason; a reason nobody has translated is shown as it is named. */
export function reasonText(reason) {
  return t(`rejection.${reason}`, {}, humanize(reason));
}

/** A list of rejections; `zone` is for their times, `withAsset` shows the machine of each. */
export function rejectionRows(rows, { zone = "", withAsset = true } = {}) {
  return rows.map((row) =>
    h(
      "li",
      { class: "rejection", "data-offset": row.offset, "data-reason": row.reason },
      h("time", { datetime: row.received }, momentText(Date.parse(row.received), zone)),
      h("strong", { class: "chip warn" }, reasonText(row.reason)),
      withAsset && row.asset ? h("a", { class: "rejection-asset", href: assetPage(row.asset) }, row.asset) : null,
      payload(row),
    ),
  );
}

function payload(row) {
  const text = row.payload ?? "";
  const binary = row.payload === null && row.payload_b64;
  const first = binary ? t("rejection.binary") : text ? shorten(text.replace(/\s+/gu, " "), LINE_CHARS) : t("rejection.empty");
  const facts = [row.topic, size(row.size), t("rejection.offset", { offset: `${row.offset}.${row.index}` })].join(" · ");
  const whole = h("pre", {}, payloadText(row));
  return h("details", {}, h("summary", {}, h("span", {}, row.detail ?? ""), h("code", {}, first)), h("p", { class: "quiet" }, facts), whole);
}

/** What a message said, cut where it is long; what is no text in hexadecimal. */
export function payloadText({ payload: text, payload_b64: base64 }) {
  return text === null && base64 ? hex(base64) : shorten(text ?? "", PREVIEW_CHARS);
}

function shorten(text, most) {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

// Sixteen bytes a line, as an engineer reads them.
function hex(base64) {
  const bytes = [...atob(base64).slice(0, PREVIEW_CHARS / 4)].map((c) => c.charCodeAt(0).toString(16).padStart(2, "0"));
  const lines = [];
  for (let i = 0; i < bytes.length; i += 16) lines.push(bytes.slice(i, i + 16).join(" "));
  return lines.join("\n");
}
