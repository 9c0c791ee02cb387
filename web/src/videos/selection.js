/** Which rows of a list are selected: one by one, in ranges (Shift with a click or an arrow), all of the page, all, or none. */

import { gettext, ngettext } from "../common/i18n.js";
import { rowsOfList } from "./rows.js";

export class Selection {
  #page;
  #anchor = null;
  // Of the list's other pages: those that are there (null: not known; a promise: being asked for), and those selected.
  #others = null;
  #elsewhere = [];

  constructor(page) {
    this.#page = page;
    const bar = page.querySelector("[data-selection]");
    for (const button of bar.querySelectorAll("[data-select-all], [data-clear]")) button.hidden = false;
    bar.querySelector("[data-select-all]").addEventListener("click", () => this.#selectAll());
    bar.querySelector("[data-clear]").addEventListener("click", () => this.clear());
    page.addEventListener("change", ({ target }) => target.matches("[data-pick]") && this.show());
    // A range of rows, not of their words.
    page.addEventListener("mousedown", (event) => event.shiftKey && event.target.closest(".pick") && event.preventDefault());
    page.addEventListener("click", (event) => this.#clicked(event));
    page.addEventListener("keydown", (event) => this.#moved(event));
    document.addEventListener("keydown", (event) => this.#escaped(event));
    this.show();
  }

  /** What is selected of other pages is not in the document. */
  get rows() {
    return [...this.#boxes.filter((box) => box.checked).map((box) => box.closest("[data-video]")), ...this.#elsewhere];
  }

  get #boxes() {
    return [...this.#page.querySelectorAll("[data-video] [data-pick]")];
  }

  /** After any change of what is selected, or of the list. */
  show() {
    const isPage = this.#boxes.every((box) => box.checked);
    // Without one of this page it is no longer all of them.
    if (!isPage) {
      this.#others = null;
      this.#elsewhere = [];
    }
    const count = this.rows.length;
    // A range begins at what was clicked for this selection, not at what is forgotten.
    if (count === 0) this.#anchor = null;
    this.say(ngettext("%(n)s selected", "%(n)s selected", count));
    document.documentElement.toggleAttribute("data-selecting", count > 0);
    this.#offerAll(isPage && count > 0);
  }

  /** In place of how many are selected. */
  say(words) {
    const place = this.#page.querySelector("[data-count]");
    if (place.textContent !== words) place.textContent = words;
  }

  /** Once all of this page are selected, those of the other pages are offered. */
  async #offerAll(isPage) {
    const button = this.#page.querySelector("[data-select-all]");
    const hasPages = this.#page.querySelector("[data-pages] a") !== null;
    disable(button, isPage && !hasPages);
    if (isPage && hasPages) {
      const asked = (this.#others ??= this.#findOthers());
      const others = await asked;
      // Something else may be selected by now.
      if (this.#others !== asked) return;
      this.#others = others;
      disable(button, others.length === this.#elsewhere.length);
      if (others.length > 0) button.textContent = ngettext("Select all %(n)s video", "Select all %(n)s videos", others.length + this.#boxes.length);
    } else button.textContent = gettext("Select all on this page");
  }

  async #findOthers() {
    const here = new Set(this.#boxes.map((box) => box.value));
    return ((await rowsOfList()) ?? []).filter((row) => !here.has(row.dataset.video));
  }

  #selectAll() {
    if (Array.isArray(this.#others)) this.#elsewhere = this.#others;
    this.#set(this.#boxes, true);
  }

  /** The focus goes to where it can be seen: what it was on may be gone with the selection. */
  clear() {
    const isLost = this.#page.querySelector("[data-selection]").contains(document.activeElement);
    const [first] = this.rows;
    this.#elsewhere = [];
    this.#set(this.#boxes, false);
    if (isLost) first?.querySelector("[data-pick]").focus();
  }

  /** Of these rows. */
  drop(rows) {
    const gone = new Set(rows);
    this.#elsewhere = this.#elsewhere.filter((row) => !gone.has(row));
    this.#set(rows.map((row) => row.querySelector("[data-pick]")), false);
  }

  #set(boxes, isChecked) {
    for (const box of boxes) box.checked = isChecked;
    this.show();
  }

  #clicked(event) {
    const box = event.target.closest(".pick")?.querySelector("[data-pick]");
    if (!box) return;
    if (event.shiftKey && this.#anchor?.isConnected) {
      // Not every browser ticks what is clicked with Shift beside the box itself.
      const isChecked = event.target === box ? box.checked : !box.checked;
      if (event.target !== box) event.preventDefault();
      const boxes = this.#boxes;
      const [from, to] = [boxes.indexOf(this.#anchor), boxes.indexOf(box)].sort((a, b) => a - b);
      this.#set(boxes.slice(from, to + 1), isChecked);
      box.focus();
    }
    this.#anchor = box;
  }

  /** Arrows go from box to box; with Shift they take along where they come to, and leave where they go back from. */
  #moved(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.matches("[data-pick]") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const boxes = this.#boxes;
    const next = boxes[boxes.indexOf(event.target) + step];
    if (!next) return;
    if (event.shiftKey) {
      event.target.checked = !(event.target.checked && next.checked);
      next.checked = true;
      this.show();
    }
    next.focus();
    this.#anchor = next;
  }

  /** But what is open takes it first. */
  #escaped(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const isOpen = document.querySelector("dialog[open], :popover-open:not(.toasts)") !== null;
    if (isOpen || event.target.closest(".toast, input[type='search'], select")) return;
    this.clear();
  }
}

/** The focus goes on to what is done with them. */
function disable(button, isDisabled) {
  const hadFocus = document.activeElement === button;
  button.disabled = isDisabled;
  if (hadFocus && isDisabled) button.form.querySelector(".selection-actions :is(select, button)").focus();
}
