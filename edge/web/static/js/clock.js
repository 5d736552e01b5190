// One clock for the page: the service's time (a browser on a wall may be wrong by minutes) and one tick a second.

let skewMs = 0;
const ticks = new EventTarget();

setInterval(() => ticks.dispatchEvent(new Event("tick")), 1000);

/** Learns the service's time from an answer's `as_of`. */
export function learnTime(asOf) {
  const skew = Date.parse(asOf) - Date.now();
  if (Number.isFinite(skew) && Math.abs(skew - skewMs) > 500) skewMs = skew;
}

/** The service's time in milliseconds since 1970. */
export function serverNow() {
  return Date.now() + skewMs;
}

/** Milliseconds that only go forward: for ages and for time in state. */
export function monotonic() {
  return performance.now();
}

/** Calls `listener` every second until `signal` aborts. */
export function onTick(listener, signal) {
  ticks.addEventListener("tick", listener, { signal });
}
