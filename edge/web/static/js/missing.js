// What a browser sees at an address that no page has.

import "./header.js";
import { h } from "./dom.js";
import { live } from "./live.js";
import { t } from "./strings.js";

class MissingPage extends HTMLElement {
  connectedCallback() {
    document.title = t("missing.title");
    const home = h("p", {}, h("a", { class: "button", href: "/" }, t("nav.board")));
    const why = h("p", {}, t("missing.why", { path: window.location.pathname }));
    this.replaceChildren(h("div", { class: "notice" }, h("h1", {}, t("missing.title")), why, home));
    live.start({ kinds: ["rejection"], refresh: async () => {} });
  }
}

customElements.define("missing-page", MissingPage);
