// While somebody presses, nothing may be drawn anew: the click or the drag would end on something else than it began on.

const pressed = new Set();
let held = null; // {promise, open} from the first press until after the last release

/** Resolves at once, or when no pointer is pressed any more and the click that its release makes is over. */
export function released() {
  return held ? held.promise : Promise.resolve();
}

function press(event) {
  const choice = event.target instanceof HTMLSelectElement; // its list may take the release, which then never comes here
  if (event.button !== 0 || choice) return;
  pressed.add(event.pointerId);
  if (held) return;
  held = {};
  held.promise = new Promise((open) => (held.open = open));
}

// The click comes with the release, in the same task.
function release(event) {
  if (pressed.delete(event.pointerId) && !pressed.size) setTimeout(open);
}

function open() {
  if (pressed.size || !held) return; // pressed again meanwhile
  held.open();
  held = null;
}

window.addEventListener("pointerdown", press, true);
for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, release, true);
// A release that never came, over another window or a scroll bar, is seen by the next movement.
window.addEventListener("pointermove", (event) => event.buttons || release(event), true);
window.addEventListener("blur", () => {
  pressed.clear();
  open();
});
