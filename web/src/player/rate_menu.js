/** The menu of playback rates: a button, and radio items that arrows walk through. */

import { gettext } from "../common/i18n.js";
import { RATES } from "./keys.js";

export class RateMenu {
  #button;
  #menu;
  #video;

  constructor(button, menu, video, { setRate }) {
    this.#button = button;
    this.#menu = menu;
    this.#video = video;
    menu.append(...RATES.toReversed().map((rate) => this.#item(rate, setRate)));
    button.addEventListener("click", () => (this.isOpen ? this.close() : this.#open()));
    menu.addEventListener("keydown", (event) => this.#key(event));
    // Anywhere else, also by the tab key.
    document.addEventListener("pointerdown", (event) => {
      if (!menu.contains(event.target) && !button.contains(event.target)) this.close({ returnsFocus: false });
    });
    menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !menu.contains(event.relatedTarget) && event.relatedTarget !== button) this.close({ returnsFocus: false });
    });
    video.addEventListener("ratechange", () => this.#draw());
    this.#draw();
  }

  get isOpen() {
    return !this.#menu.hidden;
  }

  close({ returnsFocus = true } = {}) {
    if (!this.isOpen) return;
    this.#menu.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
    if (returnsFocus) this.#button.focus();
  }

  #open() {
    this.#menu.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    (this.#menu.querySelector('[aria-checked="true"]') ?? this.#menu.firstElementChild).focus();
  }

  #item(rate, setRate) {
    const item = document.createElement("button");
    item.type = "button";
    item.className = "player-menu-item";
    item.setAttribute("role", "menuitemradio");
    item.tabIndex = -1;
    item.dataset.rate = String(rate);
    item.textContent = rate === 1 ? gettext("Normal") : `${rate}×`;
    item.addEventListener("click", () => {
      setRate({ rate });
      this.close();
    });
    return item;
  }

  #key(event) {
    const items = [...this.#menu.children];
    const here = items.indexOf(document.activeElement);
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) items[(next + items.length) % items.length].focus();
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #draw() {
    const rate = this.#video.playbackRate;
    this.#button.querySelector("[data-rate-now]").textContent = `${rate}×`;
    this.#button.setAttribute("aria-label", gettext("Speed: %(rate)s×", { rate }));
    for (const item of this.#menu.children) item.setAttribute("aria-checked", String(Number(item.dataset.rate) === rate));
  }
}
