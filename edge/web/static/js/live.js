// The one live connection of a page: server-sent events while the page is visible, asking every 5 s where they fail.

import { streamAddress } from "./api.js";
import { monotonic } from "./clock.js";
import { released } from "./pointer.js";

const REFRESH_MS = 10_000; // what only time changes (targets, last heard, pooled KPIs) comes with this
const FALLBACK_MS = 5_000;
const REOPEN_MS = 3_000;
const SOON_MS = 1_500;
const STALE_S = 25;

/**
 * Dispatches the stream's `kinds` (status, event, rejection, assessment; detail = the parsed content) and `connection` when its `state`
 * (connecting, live, reconnecting) changes. `refresh` reads everything anew; it runs at the start, when the page becomes
 * visible, after a gap in the stream, and regularly; never more than one at a time.
 */
class Live extends EventTarget {
  state = "connecting";
  failure = null;
  #asset = "";
  #kinds = [];
  #refresh = async () => {};
  #source = null;
  #timer = 0;
  #reopen = 0;
  #running = false;
  #again = false;
  #waiting = 0;
  #gap = false;
  #heard = monotonic();

  start({ asset = "", kinds, refresh }) {
    this.#asset = asset;
    this.#kinds = kinds;
    this.#refresh = refresh;
    document.addEventListener("visibilitychange", () => this.#seen());
    window.addEventListener("pagehide", () => this.#close());
    window.addEventListener("pageshow", (event) => event.persisted && this.#seen());
    this.#seen();
  }

  /** Follows another part of the plant. */
  follow(asset) {
    if (asset === this.#asset) return;
    this.#asset = asset;
    this.#close();
    this.#seen();
  }

  /** Seconds since the service was last heard. */
  get ageS() {
    return (monotonic() - this.#heard) / 1000;
  }

  get stale() {
    return this.ageS > STALE_S;
  }

  /** Reads everything anew in a moment: a burst of reasons costs one answer. */
  soon() {
    this.#waiting ||= setTimeout(() => {
      this.#waiting = 0;
      if (!document.hidden) this.refresh();
    }, SOON_MS);
  }

  /** Reads everything anew as soon as nothing else is being read. */
  async refresh() {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    try {
      await this.#refresh();
      this.#heard = monotonic();
      this.failure = null;
    } catch (error) {
      this.failure = error; // shown as the age of the data; the next round tries again
    } finally {
      this.#running = false;
    }
    if (this.#again) {
      this.#again = false;
      await this.refresh();
    }
  }

  #seen() {
    if (document.hidden) {
      this.#close();
      return;
    }
    this.refresh();
    if (!this.#source) this.#open();
    this.#schedule();
  }

  #open() {
    const source = new EventSource(streamAddress(this.#asset, this.#kinds));
    this.#source = source;
    // Live is what has greeted: a proxy that holds the stream back answers too, and says nothing.
    source.addEventListener("hello", () => this.#greeted());
    source.addEventListener("error", () => this.#failed());
    source.addEventListener("reset", () => this.refresh());
    for (const name of this.#kinds) {
      source.addEventListener(name, (message) => this.#received(name, message.data));
    }
  }

  #greeted() {
    this.#touch();
    if (this.#gap) this.refresh(); // what was said in between is not repeated for certain
    this.#gap = false;
    this.#setState("live");
  }

  #failed() {
    this.#gap = true;
    this.#setState("reconnecting");
    if (this.#source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    this.#source = null;
    clearTimeout(this.#reopen);
    this.#reopen = setTimeout(() => this.#source || document.hidden || this.#open(), REOPEN_MS);
  }

  async #received(name, text) {
    await released(); // whoever listens may draw at once
    this.#touch();
    this.dispatchEvent(new CustomEvent(name, { detail: JSON.parse(text) }));
  }

  #touch() {
    this.#heard = monotonic();
  }

  #setState(state) {
    if (state === this.state) return;
    this.state = state;
    this.#schedule();
    this.dispatchEvent(new Event("connection"));
  }

  #schedule() {
    clearInterval(this.#timer);
    const every = this.state === "live" ? REFRESH_MS : FALLBACK_MS;
    this.#timer = setInterval(() => this.refresh(), every);
  }

  #close() {
    clearInterval(this.#timer);
    clearTimeout(this.#reopen);
    this.#source?.close();
    this.#source = null;
    this.#gap = true;
    this.#setState("connecting");
    clearInterval(this.#timer);
  }
}

/** The page's connection; there is one per page. */
export const live = new Live();
