// What the board knows: lines with their pooled numbers, machines with their status; merged from answers and stream.

import { readAsset, readAssets, readKpis } from "./api.js";
import { learnTime, monotonic } from "./clock.js";
import { released } from "./pointer.js";

const STRUCTURE_MS = 60_000; // new machines and plugins are looked for this often, and when a stranger speaks
const NOTIFY_MS = 500;
const AT_ONCE = 6;

/** Dispatches `change`, at most twice a second, and `stranger` when a machine speaks that the structure does not have. */
export class Plant extends EventTarget {
  /** [{path, title, machines: [path], status}] in the order of the plant. */
  lines = [];
  /** path -> machine status with `received` (monotonic ms) and `line`. */
  machines = new Map();
  /** Sites and areas, for the filter. */
  places = [];
  /** KPI name -> its entry in the catalogue. */
  kpis = new Map();
  loaded = false;
  #filter = "";
  #structureAt = -Infinity;
  #notify = 0;

  constructor(filter = "") {
    super();
    this.#filter = filter;
  }

  set filter(asset) {
    this.#filter = asset;
  }

  get filter() {
    return this.#filter;
  }

  /** Lines inside the filter. */
  get shownLines() {
    return this.lines.filter((line) => within(line.path, this.#filter));
  }

  /** Reads structure (when due) and status of every shown line; raises the first error after using what did arrive. */
  async refresh() {
    if (monotonic() - this.#structureAt > STRUCTURE_MS) await this.#readStructure();
    const failed = [];
    const waiting = this.shownLines;
    const next = async () => {
      for (let line = waiting.shift(); line; line = waiting.shift()) {
        await this.#readLine(line).catch((error) => failed.push(error));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    if (failed.length) throw failed[0];
    this.loaded = true;
    this.#changed();
  }

  /** Takes one status of the stream. */
  take(status) {
    if (status.kind !== "machine") {
      const line = this.lines.find((one) => one.path === status.asset);
      if (line) line.status = { ...line.status, ...status };
    } else if (!this.machines.has(status.asset)) {
      this.#structureAt = -Infinity;
      this.dispatchEvent(new Event("stranger"));
    } else {
      this.#put(status);
    }
    this.#changed();
  }

  async #readStructure() {
    const [{ assets }, { kpis }] = await Promise.all([readAssets(), readKpis()]);
    this.kpis = new Map(kpis.map((kpi) => [kpi.name, kpi]));
    this.places = assets.filter((asset) => asset.kind === "site" || asset.kind === "area");
    const before = new Map(this.lines.map((line) => [line.path, line.status]));
    this.lines = linesOf(assets).map((line) => ({ ...line, status: before.get(line.path) ?? null }));
    const known = new Set(this.lines.flatMap((line) => line.machines));
    for (const path of this.machines.keys()) if (!known.has(path)) this.machines.delete(path);
    this.#structureAt = monotonic();
  }

  async #readLine(line) {
    const status = await readAsset(line.path, "status");
    learnTime(status.as_of);
    line.status = status;
    for (const machine of status.machines) {
      if (!line.machines.includes(machine.asset)) line.machines.push(machine.asset);
      this.#put(machine);
    }
    this.#changed();
  }

  #put(status) {
    const held = this.machines.get(status.asset);
    if (held && held.as_of > status.as_of) return; // the stream was faster than this answer
    this.machines.set(status.asset, { ...status, received: monotonic() });
  }

  #changed() {
    this.#notify ||= setTimeout(async () => {
      await released();
      this.#notify = 0;
      this.dispatchEvent(new Event("change"));
    }, NOTIFY_MS);
  }
}

/** Whether `path` is `asset` or lies below it. */
function within(path, asset) {
  return !asset || path === asset || path.startsWith(`${asset}/`);
}

/** Name of an asset: its title, else the last level of its path. */
export function nameOf(asset) {
  return asset.title || (asset.asset ?? asset.path).split("/").at(-1);
}

// Machines without a line of their own in the answer are grouped by the level above them.
function linesOf(assets) {
  const lines = assets.filter((asset) => asset.kind === "line").map((line) => ({ ...line, machines: [...line.machines] }));
  const placed = new Set(lines.flatMap((line) => line.machines));
  for (const { path } of assets.filter((asset) => asset.kind === "machine" && !placed.has(asset.path))) {
    const above = path.split("/").slice(0, -1).join("/");
    let line = lines.find((one) => one.path === above);
    if (!line) lines.push((line = { path: above, title: null, machines: [] }));
    line.machines.push(path);
  }
  return lines;
}
