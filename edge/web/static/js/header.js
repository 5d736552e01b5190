// The bar on top of every page: where one is, the clock of the plant, and whether what is shown is live.

import { readReadiness } from "./api.js";
import { onTick, serverNow } from "./clock.js";
import { h, icon, setAttribute, setIcon, setText } from "./dom.js";
import { clockTime, count, dayText, duration, zoneText } from "./format.js";
import { live } from "./live.js";
import { store, stored } from "./storage.js";
import { chooseLanguage, language, LANGUAGES, t } from "./strings.js";

const THEMES = ["system", "light", "dark"];
export const READINESS_S = 15;
const LAGS_S = 60;
let zone = stored("zone", "");

/** The zone of the plant, as last seen; "" while none was. */
export function plantZone() {
  return zone;
}

/** Shows the clock in this zone from now on. */
export function setZone(name) {
  if (!name || name === zone) return;
  zone = name;
  store("zone", name);
}

/** The text and tone of the live connection: {tone, text}. */
export function connectionText() {
  const age = duration(live.ageS);
  if (live.state === "live") return live.stale ? { tone: "stale", text: t("live.stale", { age }) } : { tone: "live", text: t("live.on") };
  if (live.state === "connecting" && live.ageS < 5) return { tone: "waiting", text: t("live.connecting") };
  return { tone: live.stale ? "stale" : "waiting", text: t("live.reconnecting", { age }) };
}

/** How it stands with InfluxDB: {tone, text}; null where there is none. */
export function outboxText(influx) {
  if (!influx) return null;
  const { state, waiting, lag_s: lag, dead_letters: dead } = influx;
  const parts = [waiting ? t("outbox.waiting", { points: count(waiting), age: duration(lag) }) : t("outbox.well")];
  if (dead) parts.push(t("outbox.dead", { points: count(dead) }));
  const tone = dead || state === "denied" ? "stale" : state !== "waiting" && lag < LAGS_S ? "live" : "waiting";
  return { tone, text: parts.join(" · ") };
}

/** Whether a component is to be named in the bar of alarms; that InfluxDB is away for a while shows beside the clock. */
function isAlarm([name, { ok, state }]) {
  return ok === false && !(name === "influx" && state === "waiting");
}

/** Which components of the service are not ready and why, as one text, "" where all are; no answer at all shows as the age of the data. */
function alarmText(readiness) {
  const broken = Object.entries(readiness?.components ?? {}).filter(isAlarm);
  return broken.map(([name, component]) => t("ready.not", { name: t(`ready.${name}`, {}, name), detail: whyNot(component) })).join(" · ");
}

/** Asks the service how it is: {alarm, outbox}, texts that are empty or null where there is nothing to say. */
export async function readService() {
  const readiness = await readReadiness().catch(() => null);
  return { alarm: alarmText(readiness), outbox: outboxText(readiness?.components?.influx) };
}

/** Takes the colour out of what is shown while its age is not to be trusted. */
export function markStale() {
  document.documentElement.toggleAttribute("data-stale", live.stale);
}

class PageHeader extends HTMLElement {
  #seconds = 0;

  connectedCallback() {
    setAttribute(this, "role", "banner");
    this.time = h("span", { class: "clock-time" });
    this.day = h("span", { class: "clock-day" });
    this.dot = h("span", { class: "live-dot", "aria-hidden": "true" });
    this.live = h("span", { class: "live-text", role: "status" });
    this.connection = h("div", { class: "live" }, this.dot, this.live);
    this.alarm = h("p", { class: "alarm", role: "alert", hidden: true });
    const clock = h("div", { class: "clock" }, this.time, this.day);
    this.outbox = h("div", { class: "outbox", role: "status", hidden: true });
    const tools = h("div", { class: "tools" }, clock, this.outbox, this.connection, themeButton(), languageButton());
    const skip = h("a", { class: "skip", href: "#main" }, t("nav.skip"));
    this.replaceChildren(skip, h("div", { class: "bar" }, brand(), navigation(), tools), this.alarm);
    onTick(() => this.#tick());
    live.addEventListener("connection", () => this.#tick());
    this.#tick();
  }

  #tick() {
    setText(this.time, clockTime(serverNow(), zone));
    setText(this.day, `${dayText(serverNow(), zone)} · ${zoneText(serverNow(), zone)}`);
    const { tone, text } = connectionText();
    markStale();
    setAttribute(this.connection, "data-tone", tone);
    setText(this.live, text);
    if (this.#seconds++ % READINESS_S === 0 && !document.hidden) this.#askReadiness();
  }

  async #askReadiness() {
    const { alarm, outbox } = await readService();
    this.#showOutbox(outbox);
    setText(this.alarm, alarm);
    this.alarm.hidden = !alarm;
  }

  #showOutbox(said) {
    this.outbox.hidden = !said;
    if (!said) return;
    setAttribute(this.outbox, "data-tone", said.tone);
    setText(this.outbox, said.text);
  }
}

function whyNot({ detail, failures }) {
  return detail || Object.keys(failures ?? {}).join(", ");
}

function brand() {
  return h("a", { class: "brand", href: "/" }, h("img", { src: "/static/favicon.svg", alt: "", width: 28, height: 28 }), t("brand"));
}

function navigation() {
  const here = window.location.pathname;
  const link = (href, symbol, text, current) =>
    h("a", { href, class: "nav-link", "aria-current": current ? "page" : null }, icon(symbol), h("span", {}, text));
  return h(
    "nav",
    { "aria-label": t("nav.label") },
    link("/", "board", t("nav.board"), here === "/"),
    link("/maintenance", "care", t("nav.maintenance"), here === "/maintenance"),
    link("/rejections", "inbox", t("nav.rejections"), here === "/rejections"),
    link("/plant", "gear", t("nav.plant"), here === "/plant"),
  );
}

function themeButton() {
  const symbol = icon("system");
  const button = h("button", { class: "tool", type: "button", click: next }, symbol);
  function show() {
    const theme = stored("theme", "system");
    setIcon(symbol, THEMES.includes(theme) ? theme : "system");
    setAttribute(button, "aria-label", t("theme.label", { theme: t(`theme.${theme}`, {}, theme) }));
    setAttribute(button, "title", button.getAttribute("aria-label"));
  }
  function next() {
    const at = THEMES.indexOf(stored("theme", "system"));
    store("theme", THEMES[(at + 1) % THEMES.length]);
    window.dispatchEvent(new Event("themechoice"));
    show();
  }
  show();
  return button;
}

function languageButton() {
  const other = LANGUAGES[(LANGUAGES.indexOf(language()) + 1) % LANGUAGES.length];
  const label = t("language.label");
  const click = () => {
    chooseLanguage(other);
    window.location.reload();
  };
  return h("button", { class: "tool", type: "button", lang: other, "aria-label": label, title: label, click }, other.toUpperCase());
}

customElements.define("page-header", PageHeader);
