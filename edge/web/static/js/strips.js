// The shift of each machine as a thin band of its states, read for the cards that somebody can see.

import { readAsset } from "./api.js";
import { monotonic } from "./clock.js";

const AGAIN_MS = 60_000;
const AT_ONCE = 3;
const SOON_MS = 300;

/** `refresh(root)` reads what is due of the cards in sight below `root`, and again when somebody has scrolled. */
export class StripReader {
  #read = new Map(); // asset -> {at, shift}
  #waiting = 0;

  /** Also reads for cards that come into sight. */
  follow(root) {
    window.addEventListener("scroll", () => this.soon(root), { passive: true });
  }

  /** Reads in a moment: other cards are in sight. A failure is seen, and said, by the next regular refresh. */
  soon(root) {
    this.#waiting ||= setTimeout(() => {
      this.#waiting = 0;
      this.refresh(root).catch(() => null);
    }, SOON_MS);
  }

  async refresh(root) {
    const due = [...root.querySelectorAll("machine-card")].filter((card) => card.stripWindow && inSight(card) && this.#isDue(card));
    const next = async () => {
      for (let card = due.shift(); card; card = due.shift()) await this.#readOne(card);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  #isDue({ asset, stripWindow }) {
    const known = this.#read.get(asset);
    return known?.shift !== stripWindow.from || monotonic() - known.at > AGAIN_MS;
  }

  async #readOne(card) {
    const { asset, stripWindow: shift } = card;
    this.#read.set(asset, { at: monotonic(), shift: shift.from });
    try {
      const answer = await timelineOf(asset, shift);
      if (answer) card.showStrip(answer, shift);
    } catch (error) {
      this.#read.delete(asset); // it is due again
      throw error;
    }
  }
}

function inSight(card) {
  const { top, bottom, height } = card.getBoundingClientRect();
  return height > 0 && bottom > 0 && top < window.innerHeight;
}

// A machine whose timeline cannot be answered still has its card.
async function timelineOf(asset, { from, to }) {
  try {
    return await readAsset(asset, "timeline", { from, to });
  } catch (error) {
    if (error.status >= 400 && error.status < 500) return null;
    throw error;
  }
}
