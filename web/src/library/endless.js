/** The list goes on where it ends: the next page's videos come to it, as one scrolls or presses its link. */

import { gettext, ngettext } from "../common/i18n.js";
import { localDays } from "../common/local_days.js";

// So many come by themselves; then the link is pressed, so that what stands below the list can be reached.
const BY_THEMSELVES = 5;
const AHEAD = "1200px";
const TIMEOUT_MS = 15_000;

export class Endless {
  #list;
  #pages;
  #status;
  #left = BY_THEMSELVES;
  #loading = null;
  #watcher;

  constructor(list, pages) {
    this.#list = list;
    this.#pages = pages;
    this.#status = document.createElement("p");
    this.#status.className = "visually-hidden";
    this.#status.setAttribute("role", "status");
    pages.after(this.#status);
    this.#watcher = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.#left > 0 && this.#goOn(), { rootMargin: AHEAD });
    pages.addEventListener("click", (event) => {
      if (event.target !== this.#link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      this.#press();
    });
    if (this.#link) this.#link.textContent = gettext("Show more videos");
    this.#watch();
  }

  get #link() {
    return this.#pages.querySelector("[rel=next]");
  }

  /** Until there are so many, or all. Raises what fetch raises. */
  async reach(count) {
    while (this.#link && this.#list.children.length < count) await this.#load(100);
    this.#watch();
  }

  async #press() {
    const link = this.#link;
    const before = this.#list.children.length;
    this.#left = BY_THEMSELVES;
    try {
      await this.#load();
    } catch {
      // As without scripts: the browser says what is wrong.
      location.assign(link.href);
      return;
    }
    this.#list.children[before]?.querySelector("a").focus({ preventScroll: true });
    this.#watch();
  }

  async #goOn() {
    this.#left -= 1;
    try {
      await this.#load();
      this.#watch();
    } catch {
      // The link stays, to be pressed.
    }
  }

  /** Looks anew whether the end is in sight: it may have stayed there. */
  #watch() {
    this.#watcher.disconnect();
    if (this.#link) this.#watcher.observe(this.#pages);
  }

  #load(limit = null) {
    this.#loading ??= this.#fetch(limit).finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #fetch(limit) {
    const link = this.#link;
    const url = new URL(link.href);
    if (limit) url.searchParams.set("limit", limit);
    const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
    // Logged out meanwhile, for example.
    if (!answer.ok || answer.redirected) throw new Error(`no page: ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const element of page.querySelectorAll("noscript")) element.remove();
    localDays(page);
    const cards = [...page.querySelectorAll("[data-list] > *")];
    this.#list.append(...cards);
    this.#status.textContent = ngettext("%(n)s more video shown", "%(n)s more videos shown", cards.length);
    const next = page.querySelector("[data-pages] [rel=next]");
    if (!next) {
      link.remove();
      return;
    }
    const nextUrl = new URL(next.href);
    if (limit) nextUrl.searchParams.delete("limit");
    link.href = nextUrl.href;
  }
}
