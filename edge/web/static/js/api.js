// Reads the API. Asset paths come from topics, so every level is escaped before it goes into an address.

const API = "/api/v1";
const TIMEOUT_MS = 15_000;

/** A refused or failed request; `status` is 0 where no answer came. */
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

export function readRejections(parameters) {
  return read("/rejections", parameters);
}

export function readEvents(parameters) {
  return read("/events", parameters);
}

/** Readiness with its components; a 503 is an answer here, not an error. */
export async function readReadiness() {
  const response = await request("/health/ready");
  return response.json();
}

/** The stream of an asset ("" = all), of some kinds (status, event, rejection). */
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
  const response = await request(text ? `${API}${path}?${text}` : API + path);
  if (!response.ok) throw new ApiError(response.status, await problemText(response));
  return response.json();
}

async function request(address) {
  try {
    return await fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new ApiError(0, error.message);
  }
}

async function problemText(response) {
  try {
    const problem = await response.json();
    return String(problem.detail ?? problem.title ?? response.statusText);
  } catch {
    return response.statusText;
  }
}
