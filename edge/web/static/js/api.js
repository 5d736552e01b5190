// Reads the API. Asset paths come from topics, so every level is escaped before it goes into an address.

import { released } from "./pointer.js";
import { t } from "./strings.js";

const API = "/api/v1";
const TIMEOUT_MS = 15_000;

/** A refused or failed request; `status` is 0 where no answer came, the message says what would be right. */
class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function assetPath(asset) {
  return asset.split("/").map(encodeURIComponent).join("/");
}

/** The page of an asset. */
export function assetPage(asset) {
  return `/assets/${assetPath(asset)}`;
}

export function readAssets() {
  return read("/assets");
}

export function readKpis() {
  return read("/kpis");
}

/** One answer about an asset: `what` is status, timeline, readings or losses. */
export function readAsset(asset, what, parameters = {}) {
  return read(`/assets/${assetPath(asset)}/${what}`, parameters);
}

export function readKpi(name, parameters) {
  return read(`/kpis/${encodeURIComponent(name)}`, parameters);
}

/** A KPI with everything that it is the sum of. */
export function readExplanation(name, parameters) {
  return read(`/kpis/${encodeURIComponent(name)}/explain`, parameters);
}

/** How a KPI changed after its window was over. */
export function readRevisions(name, parameters) {
  return read(`/kpis/${encodeURIComponent(name)}/revisions`, parameters);
}

/** The message at an offset of the journal, and what became of it. */
export function readMessage(offset) {
  return read(`/messages/${encodeURIComponent(offset)}`);
}

export function readCorrections(parameters) {
  return read("/corrections", parameters);
}

/** Lays a correction over the record; answers {id, offset} once it is durable. */
export function sendCorrection(correction) {
  return send("/corrections", correction);
}

/** Takes a correction back. */
export function sendRevocation(id, { by, why }) {
  return send(`/corrections/${encodeURIComponent(id)}/revoke`, { by, why });
}

/** What monitors say now; with `from` or `after` what they said over time. */
export function readAssessments(parameters) {
  return read("/assessments", parameters);
}

/** Takes note of alarms; answers {id, offset} once it is durable. */
export function sendAcknowledgement(asset, said) {
  return send(`/assessments/${assetPath(asset)}/acknowledge`, said);
}

/** Says that work has been done on a component. */
export function sendWorkDone(asset, said) {
  return send(`/assessments/${assetPath(asset)}/work-done`, said);
}

/** Plant data as it holds `at` an instant. */
export function readPlant(parameters) {
  return read("/plant", parameters);
}

/** The settings of a machine at an instant, with the reasons for stops that belong to it. */
export function readPlantSettings(asset, parameters) {
  return read(`/plant/settings/${assetPath(asset)}`, parameters);
}

export function readPlantChanges() {
  return read("/plant/changes");
}

/** Changes plant data; `path` has the levels below /plant. Answers {id, offset} once it is durable. */
export function sendPlantChange(method, path, content) {
  return send(`/plant/${path.map(encodeURIComponent).join("/")}`, content, method);
}

export function readRejections(parameters) {
  return read("/rejections", parameters);
}

export function readEvents(parameters) {
  return read("/events", parameters);
}

/** Readiness with its components; a 503 is an answer here, not an error. */
export async function readReadiness() {
  const response = await request("/health/ready");
  return drawable(response.json());
}

/** The stream of an asset ("" = all), of some kinds (status, event, rejection, assessment). */
export function streamAddress(asset, kinds) {
  return `${API}/stream?${new URLSearchParams({ ...(asset && { asset }), kinds: kinds.join(",") })}`;
}

async function read(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  const text = query.toString();
  return drawable(answered(await request(text ? `${API}${path}?${text}` : API + path)));
}

async function send(path, content, method = "POST") {
  const headers = { "Content-Type": "application/json" };
  return drawable(answered(await request(API + path, { method, headers, body: JSON.stringify(content) })));
}

// Whoever asks may draw what comes at once, so it comes when nobody is pressing.
async function drawable(coming) {
  try {
    return await coming;
  } finally {
    await released();
  }
}

async function answered(response) {
  if (!response.ok) throw new ApiError(response.status, await problemText(response));
  return response.json();
}

async function request(address, { headers = {}, ...how } = {}) {
  try {
    return await fetch(address, { headers: { Accept: "application/json", ...headers }, signal: AbortSignal.timeout(TIMEOUT_MS), ...how });
  } catch (error) {
    throw new ApiError(0, error.message);
  }
}

async function problemText(response) {
  try {
    const problem = await response.json();
    const detail = String(problem.detail ?? problem.title ?? response.statusText);
    return problem.expected ? `${detail}; ${t("problem.expected", { expected: problem.expected })}` : detail;
  } catch {
    return response.statusText;
  }
}
