/** The list of unfinished uploads: how much of each is uploaded, and resuming and discarding one. */

import { sleep, systemClock } from "../common/clock.js";
import { formatShare } from "../common/format.js";
import { gettext } from "../common/i18n.js";
import { showToast } from "../common/toast.js";
import { fileOf, findHandle, forgetHandle } from "./files/handles.js";

const SETTLE_MS = 2_000;
const LOOK_AGAIN_MS = 10_000;

export class UnfinishedList {
  #section;
  #api;
  #language;
  #records = new Map();
  #handles = new Map();

  /** `section` holds the list; it is hidden while no item is left. `goOn(file, record)` is told what to resume. */
  constructor(section, { api, goOn, language = document.documentElement.lang }) {
    this.#section = section;
    this.#api = api;
    this.#language = language;
    for (const item of this.#items) {
      this.#read(item);
      const [button, field] = ["[data-action='go-on']", "[data-go-on-file]"].map((part) => item.querySelector(part));
      button.addEventListener("click", () => this.#goOn(item, field, goOn));
      const finish = item.querySelector("[data-action='finish']");
      finish.addEventListener("click", () => this.#finish(item, finish));
      field.addEventListener("change", () => {
        const [file] = field.files;
        // So that the same file can be chosen again.
        field.value = "";
        if (file) goOn(file, this.#records.get(item.dataset.unfinished));
      });
    }
    section.addEventListener("submit", (event) => this.#discard(event));
  }

  /** Uses the file handle, if the browser has one and the person agrees; else they choose the file. */
  async #goOn(item, field, goOn) {
    const id = item.dataset.unfinished;
    const handle = this.#handles.get(id);
    // Once: should it lead to another file, the next click lets the person choose.
    this.#handles.delete(id);
    const file = handle ? await fileOf(handle) : null;
    if (file) goOn(file, this.#records.get(id));
    else field.click();
  }

  /** What was begun with a file of this name and size, or null. Whether it is the same file, its content will tell. */
  find({ name, size }) {
    return [...this.#records.values()].find((record) => record.filename === name && record.size === size) ?? null;
  }

  /** It goes on elsewhere on the page. */
  take(record) {
    this.#records.delete(record.id);
    this.#show(this.#item(record.id), false);
  }

  /** It does not any more: its line is back, unless it is over. */
  async giveBack(record) {
    const item = this.#item(record.id);
    if (!item || !(await this.#read(item))) return;
    if (!this.#records.has(record.id)) this.#records.set(record.id, record);
    this.#show(item, true);
  }

  #item(id) {
    return this.#items.find((item) => item.dataset.unfinished === id);
  }

  #show(item, isShown) {
    if (item) item.hidden = !isShown;
    this.#section.hidden = this.#items.every(({ hidden }) => hidden);
  }

  get #items() {
    return [...this.#section.querySelectorAll("[data-unfinished]")];
  }

  /** Asked for one by one when the page is there: the storage is what knows. False where there is nothing to resume. */
  async #read(item) {
    let record;
    try {
      record = await this.#api.read(item.dataset.unfinished);
    } catch ({ status }) {
      if (status === 404) {
        this.#remove(item);
        return false;
      }
      // Without an answer the line is right as it is.
      this.#readAgain(item);
      return true;
    }
    if (record.state !== "uploading") {
      // Completed meanwhile, elsewhere or by this request: it must not be discarded from here.
      this.#remove(item);
      return false;
    }
    if (record.part_size === null) {
      // Another app has its own parts; only that app can resume it.
      this.#say(item, gettext("Uploading from another app"));
      this.#readAgain(item);
      return true;
    }
    this.#records.set(record.id, record);
    const handle = await findHandle(record.id);
    if (handle) this.#handles.set(record.id, handle);
    const arrived = (record.received ?? []).reduce((sum, part) => sum + part.size, 0);
    const words = gettext("%(share)s uploaded", { share: formatShare(arrived / record.size, this.#language) });
    // The file is not needed any more: only the last word is missing.
    const isWhole = arrived === record.size;
    item.querySelector("[data-action='finish']").hidden = !isWhole;
    item.querySelector("[data-action='go-on']").hidden = isWhole;
    this.#say(item, isWhole ? gettext("Fully uploaded") : words);
    return true;
  }

  /** In a while, unless it goes on elsewhere on the page by then. */
  #readAgain(item) {
    systemClock.after(LOOK_AGAIN_MS, () => {
      if (!item.isConnected || item.hidden) return;
      if (document.hidden) this.#readAgain(item);
      else this.#read(item);
    });
  }

  /** Completes what lacks nothing but that. Should it be refused, the file is asked for after all. */
  async #finish(item, button) {
    const { unfinished: id, title } = item.dataset;
    button.disabled = true;
    try {
      await completed(this.#api, id);
    } catch (failure) {
      button.disabled = false;
      showToast(failure.isPassing || !failure.detail ? gettext("Couldn’t finish “%(title)s”. Try again in a moment.", { title }) : failure.detail);
      if (failure.isPassing) return;
      button.hidden = true;
      const other = item.querySelector("[data-action='go-on']");
      other.hidden = false;
      other.focus();
      return;
    }
    this.#leave(item);
    showToast(gettext("“%(title)s” uploaded.", { title }));
  }

  #say(item, words) {
    item.querySelector("[data-arrived]").textContent = ` · ${words}`;
  }

  async #discard(event) {
    event.preventDefault();
    const item = event.target.closest("[data-unfinished]");
    const { unfinished: id, title } = item.dataset;
    event.target.closest("dialog").close();
    try {
      await this.#api.remove(id);
    } catch (failure) {
      showToast(failure.detail ?? gettext("Couldn’t discard “%(title)s”. Try again in a moment.", { title }));
      return;
    }
    this.#leave(item);
    showToast(gettext("“%(title)s” discarded.", { title }));
  }

  /** It is over; the focus goes to what is next. */
  #leave(item) {
    const id = item.dataset.unfinished;
    this.#records.delete(id);
    forgetHandle(id);
    const shown = this.#items.filter(({ hidden }) => !hidden);
    const place = shown.indexOf(item);
    const neighbour = shown[place + 1] ?? shown[place - 1];
    this.#remove(item);
    (neighbour?.querySelector("button:not([hidden])") ?? document.querySelector("[name='file']")).focus();
  }

  #remove(item) {
    item.remove();
    this.#show(null, false);
  }
}

/** Resolves once the server has settled it. Rejects with what the server refuses. */
async function completed(api, id) {
  for (;;) {
    const answer = await api.complete(id);
    if (answer.isSettled) return;
    await sleep(systemClock, answer.retryAfterMs ?? SETTLE_MS);
  }
}
