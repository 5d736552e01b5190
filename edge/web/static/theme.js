// Runs before the first paint, so that a dark page never flashes white: resolves the theme onto <html data-theme>.
// A classic script on purpose: modules run after parsing.
"use strict";

(function () {
  const root = document.documentElement;
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      return window.localStorage.getItem("theme");
    } catch (error) {
      return null; // storage is switched off: follow the system
    }
  }

  function resolve() {
    const chosen = root.dataset.fixedTheme || stored();
    const theme = chosen === "light" || chosen === "dark" ? chosen : prefersDark.matches ? "dark" : "light";
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    window.dispatchEvent(new Event("themechange"));
  }

  window.addEventListener("themechoice", resolve);
  prefersDark.addEventListener("change", resolve);
  resolve();
})();
