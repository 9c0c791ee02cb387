/** What is done with all rows that are selected: a call for every hundred, a result per video, one way back. */

import { gettext, ngettext } from "../common/i18n.js";
import { reasonOf } from "../common/reasons.js";
import { showToast } from "../common/toast.js";
import { takeAsSaved } from "../common/visibility.js";
import { collect } from "./collecting.js";
import { takeRow } from "./rows.js";

const SHOWN_TITLES = 3;
// So many does one call take.
const SLICE = 100;

const SAID = {
  trash: (n) => ngettext("%(n)s video moved to trash.", "%(n)s videos moved to trash.", n),
  restore: (n) => ngettext("%(n)s video restored.", "%(n)s videos restored.", n),
};
const UNDONE_BY = { trash: "restore", restore: "trash" };

export class Many {
  #page;
  #api;
  #selection;
  #onChange;

  /** `onChange(isElsewhere)` runs when rows have come or gone, also of other pages. */
  constructor({ page, api, selection, onChange }) {
    this.#page = page;
    this.#api = api;
    this.#selection = selection;
    this.#onChange = onChange;
    const bar = page.querySelector("[data-selection]");
    bar.addEventListener("submit", async (event) => {
      event.preventDefault();
      const { value: action } = event.submitter;
      const isByKeyboard = event.submitter.matches(":focus-visible");
      // `disabled` would take the focus away.
      if (bar.ariaBusy === "true") return;
      bar.ariaBusy = "true";
      if (action === "collect") await this.#collect(event.submitter);
      else if (action === "visibility") await this.#setVisibility(bar.elements.visibility);
      else await this.#move(action, isByKeyboard);
      bar.ariaBusy = null;
    });
  }

  async #collect(opener) {
    const ids = this.#selection.rows.map((row) => row.dataset.video);
    // What the form leads to without scripts.
    const address = new URL("/videos/collections/choose", location.href);
    for (const id of ids.slice(0, SLICE)) address.searchParams.append("ids", id);
    await collect(this.#page, address, ids, opener);
  }

  async #move(action, isByKeyboard) {
    const done = await this.#call(this.#selection.rows, { action });
    if (done.length === 0) return;
    // In this order: each knows those that are still there.
    const taken = done.map((row) => ({ row, place: row.isConnected ? takeRow(row) : null }));
    this.#onChange(isElsewhere(taken));
    const heading = () => this.#page.querySelector("[data-heading]");
    const next = () => taken.findLast(({ place }) => place)?.place.following() ?? heading();
    showToast(SAID[action](done.length), {
      action: { label: gettext("Undo"), run: () => this.#takeBack(taken, UNDONE_BY[action]) },
      isFocused: isByKeyboard,
      returnFocus: next,
    });
    if (!isByKeyboard) next().focus();
  }

  async #takeBack(taken, action) {
    const back = new Set(await this.#call(taken.map(({ row }) => row), { action }));
    for (const { row, place } of taken.toReversed()) if (back.has(row)) place?.putBack();
    this.#onChange(isElsewhere(taken));
    taken.find(({ row }) => back.has(row) && row.isConnected)?.row.querySelector("[data-pick]").focus();
  }

  async #setVisibility(select) {
    const { value } = select;
    const before = new Map(this.#selection.rows.map((row) => [row, row.querySelector("[data-visibility-of]").value]));
    const done = await this.#call([...before.keys()], { action: "visibility", visibility: value });
    if (done.length === 0) return;
    const words = { visibility: select.selectedOptions[0].text };
    select.value = "";
    showToast(ngettext("%(n)s video: %(visibility)s", "%(n)s videos: %(visibility)s", done.length, words), {
      action: { label: gettext("Undo"), run: () => this.#showAgain(done, before) },
    });
    done.find((row) => row.isConnected)?.querySelector("[data-pick]").focus();
  }

  async #showAgain(rows, before) {
    for (const [visibility, some] of Map.groupBy(rows, (row) => before.get(row))) {
      await this.#call(some, { action: "visibility", visibility });
    }
  }

  /** The rows with which it is done, which are no longer selected; of the others it says why, and they stay so. */
  async #call(rows, change) {
    const ids = rows.map((row) => row.dataset.video);
    const results = [];
    let cut = null;
    try {
      while (results.length < ids.length) {
        if (ids.length > SLICE) this.#selection.say(gettext("%(done)s of %(total)s…", { done: results.length, total: ids.length }));
        results.push(...(await this.#api.batch(ids.slice(results.length, results.length + SLICE), change)));
      }
    } catch (failure) {
      cut = reasonOf(failure);
    }
    if (results.length === 0) {
      showToast(gettext("Nothing was changed. %(reason)s", cut), { action: cut.action });
      return [];
    }
    const refused = new Map(results.filter(({ code }) => code).map((result) => [result.id, result.detail]));
    for (const id of ids.slice(results.length)) refused.set(id, cut.reason);
    const [done, others] = [true, false].map((isDone) => rows.filter((row) => !refused.has(row.dataset.video) === isDone));
    if (change.visibility) {
      for (const select of done.flatMap((row) => takeAsSaved(row.dataset.video, change.visibility))) select.value = change.visibility;
    }
    this.#selection.drop(done);
    if (others.length > 0) showToast(notDone(others, rows.length, refused), { action: cut?.action });
    return done;
  }
}

function isElsewhere(taken) {
  return taken.some(({ place }) => place === null);
}

function notDone(rows, total, reasons) {
  const titles = rows.slice(0, SHOWN_TITLES).map((row) => gettext("“%(title)s”", { title: row.dataset.title }));
  const names = new Intl.ListFormat(document.documentElement.lang, { type: "unit" }).format(rows.length > SHOWN_TITLES ? [...titles, "…"] : titles);
  const reason = [...new Set(rows.map((row) => reasons.get(row.dataset.video)))].join(" ");
  return ngettext("%(n)s of %(total)s couldn’t be changed: %(names)s. %(reason)s", "%(n)s of %(total)s couldn’t be changed: %(names)s. %(reason)s", rows.length, { total, names, reason });
}
