/** The player's settings: a button, and a menu that arrows walk through: rates, sizes, and whether videos play by themselves. */

import { gettext } from "../common/i18n.js";
import { keepPreference, preference } from "../common/preferences.js";
import { RATES } from "./keys.js";
import { PICTURE_TYPES } from "./picture.js";
import { AUTO, ORIGINAL } from "./quality.js";

const AUTOPLAY = "player.autoplay";

/** Whether videos begin when they are chosen in a list, and the next one behind each. */
export function playsByItself() {
  return preference(AUTOPLAY, true) === true;
}

export class Menu {
  #button;
  #menu;
  #video;

  /**
   * `pictures` makes the present moment or a file the video's picture; null for whom it is not. `renditions` are what else
   * there is to play.
   */
  constructor(button, menu, video, { setRate, pictures, renditions }) {
    this.#button = button;
    this.#menu = menu;
    this.#video = video;
    menu.append(...RATES.toReversed().map((rate) => this.#rate(rate, setRate)));
    if (renditions.isThere) menu.append(this.#qualities(renditions));
    menu.append(this.#autoplay());
    if (pictures) menu.append(this.#moment(pictures), this.#file(pictures));
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
    (this.#menu.querySelector('[data-rate][aria-checked="true"]') ?? this.#menu.firstElementChild).focus();
  }

  #rate(rate, setRate) {
    const item = newItem("menuitemradio", rate === 1 ? gettext("Normal") : `${rate}×`);
    item.dataset.rate = String(rate);
    item.addEventListener("click", () => {
      setRate({ rate });
      this.close();
    });
    return item;
  }

  #qualities(renditions) {
    const group = document.createElement("div");
    group.className = "player-menu-group";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", gettext("Quality"));
    const head = document.createElement("p");
    head.className = "player-menu-head";
    head.setAttribute("aria-hidden", "true");
    head.textContent = gettext("Quality");
    const items = new Map([AUTO, ...renditions.sizes, ORIGINAL].map((quality) => [quality, newItem("menuitemradio", quality)]));
    for (const [quality, item] of items) {
      item.dataset.quality = quality;
      item.addEventListener("click", () => {
        renditions.choose(quality);
        this.close();
      });
    }
    items.get(ORIGINAL).textContent = gettext("Original");
    const draw = () => {
      const isAuto = renditions.quality === AUTO && renditions.shown !== null;
      items.get(AUTO).textContent = isAuto ? gettext("Auto (%(size)s)", { size: renditions.shown }) : gettext("Auto");
      for (const [quality, item] of items) item.setAttribute("aria-checked", String(quality === renditions.quality));
    };
    renditions.addEventListener("change", draw);
    draw();
    group.append(head, ...items.values());
    return group;
  }

  #autoplay() {
    const item = newItem("menuitemcheckbox", gettext("Play automatically"));
    const draw = () => item.setAttribute("aria-checked", String(playsByItself()));
    item.addEventListener("click", () => {
      keepPreference(AUTOPLAY, !playsByItself());
      draw();
    });
    draw();
    return item;
  }

  #moment(pictures) {
    const item = newItem("menuitem", gettext("Use this moment as the picture"));
    item.addEventListener("click", () => {
      pictures.chooseMoment();
      this.close();
    });
    return item;
  }

  #file(pictures) {
    const item = newItem("menuitem", gettext("Upload a picture…"));
    const input = document.createElement("input");
    input.type = "file";
    input.accept = PICTURE_TYPES.join();
    input.hidden = true;
    input.setAttribute("aria-label", gettext("Upload a picture…"));
    // Beside the menu: in it are what arrows walk through.
    this.#menu.after(input);
    input.addEventListener("change", () => {
      const [file] = input.files;
      // So that the same file can be chosen again.
      input.value = "";
      if (file) pictures.send(file);
    });
    item.addEventListener("click", () => {
      this.close();
      input.click();
    });
    return item;
  }

  #key(event) {
    const items = [...this.#menu.querySelectorAll(".player-menu-item")];
    const here = items.indexOf(document.activeElement);
    const next = { ArrowDown: here + 1, ArrowRight: here + 1, ArrowUp: here - 1, ArrowLeft: here - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) items[(next + items.length) % items.length].focus();
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #draw() {
    const rate = this.#video.playbackRate;
    this.#button.querySelector("[data-rate-now]").textContent = rate === 1 ? "" : `${rate}×`;
    this.#button.setAttribute("aria-label", gettext("Settings, speed %(rate)s×", { rate }));
    for (const item of this.#menu.querySelectorAll("[data-rate]")) item.setAttribute("aria-checked", String(Number(item.dataset.rate) === rate));
  }
}

function newItem(role, words) {
  const item = document.createElement("button");
  item.type = "button";
  item.className = "player-menu-item";
  item.setAttribute("role", role);
  item.tabIndex = -1;
  item.textContent = words;
  return item;
}
