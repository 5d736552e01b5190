// What a change of plant data says, in one line.

import { momentText } from "./format.js";
import { t } from "./strings.js";

/** "Product P1 from 3 Mar, 06:00:00: ideal_cycle_s 3.8"; names and reasons of people stay as they are. */
export function changeText(change, zone) {
  const { from, to, kind, ...rest } = change.value ?? {};
  const when = change.valid_from
    ? t("plant.fromWhen", { when: momentText(Date.parse(change.valid_from), zone) })
    : [from, to].filter(Boolean).map((text) => momentText(Date.parse(text), zone)).join(" – ");
  const what = Object.entries(rest).map(([name, value]) => `${name} ${valueText(value)}`).join(", ");
  return `${t(`plant.changed.${change.kind}`, {}, change.kind)} ${kind ? t(`plant.${kind}`) : change.name ?? ""} ${when}${what ? `: ${what}` : ""}`;
}

function valueText(value) {
  if (value === null) return t("plant.file");
  if (!Array.isArray(value)) return String(value);
  return value.map((one) => (typeof one === "object" ? [one.name, one.start, one.end].filter(Boolean).join(" ") : one)).join(", ");
}
