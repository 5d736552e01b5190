// What a correction says, in one line.

import { clockTime, count, momentText } from "./format.js";
import { stateName } from "./states.js";
import { t } from "./strings.js";

const MEMBERS = ["product", "order", "lot", "serial", "component", "action", "monitor"];

/** "Reason: no pallets · 3 Mar, 14:05:09 – 14:07:10"; texts of people stay as they are. */
export function correctionText(row, zone) {
  const said = [
    row.state ? stateName(row.state) : null,
    row.kind === "split" ? `${row.reason ?? "…"} → ${row.reason_after}` : row.reason,
    ...MEMBERS.map((name) => row[name]),
    row.qty ? count(row.qty) : null,
    row.total || row.bad ? t("corrections.parts", { total: count(row.total ?? 0), bad: count(row.bad ?? 0) }) : null,
  ];
  return [`${kindText(row.kind)}: ${said.filter(Boolean).join(", ")}`.replace(/: $/u, ""), when(row, zone)].filter(Boolean).join(" · ");
}

export function kindText(kind) {
  return t(`correction.${kind}`, {}, kind);
}

function when(row, zone) {
  const at = row.at ? momentText(Date.parse(row.at), zone) : "";
  const span = row.from ? `${momentText(Date.parse(row.from), zone)} – ${clockTime(Date.parse(row.to), zone)}` : "";
  return row.from && row.at ? t("corrections.at", { span, at: clockTime(Date.parse(row.at), zone) }) : span || at;
}
