// What this browser remembers (theme, language, order); where storage is switched off it remembers nothing.

export function stored(name, otherwise) {
  try {
    return window.localStorage.getItem(name) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function store(name, value) {
  try {
    window.localStorage.setItem(name, value);
  } catch {
    // the choice lasts as long as the page
  }
}
