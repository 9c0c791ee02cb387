/** Rows that leave a list and may come back to their place, and those of its other pages. */

import { readPage } from "../common/pages.js";

const PAGE = 100;
// Of more than ten times as many nobody says at once what is to become of them.
const MOST = 1_000;

/** Removes a row. `putBack` returns it to its place; `following` is a control of the row that moved up. */
export function takeRow(row) {
  const list = row.parentElement;
  const next = row.nextElementSibling;
  const previous = row.previousElementSibling;
  row.querySelector("dialog[open]")?.close();
  row.remove();
  return {
    putBack() {
      // Its neighbours may have gone meanwhile, too.
      if (next?.isConnected) next.before(row);
      else if (previous?.isConnected) previous.after(row);
      else list.prepend(row);
    },
    following() {
      const neighbour = [next, previous].find((other) => other?.isConnected) ?? list.firstElementChild;
      return neighbour?.querySelector("button, a.button") ?? null;
    },
  };
}

/** The rows of the whole list, as it is searched and filtered here; null where it cannot be read, or is too long for it. */
export async function rowsOfList() {
  const address = new URL(location.href);
  for (const name of ["cursor", "edit", "share", "trashed", "changed"]) address.searchParams.delete(name);
  address.searchParams.set("limit", PAGE);
  const rows = [];
  for (let next = address.href; next; ) {
    const page = rows.length < MOST ? await readPage(next) : null;
    if (!page) return null;
    // Off the page from which they come: they are connected to none.
    for (const row of page.querySelectorAll("[data-list] [data-video]")) rows.push(document.adoptNode(row));
    next = page.querySelector("[data-pages] [rel='next']")?.getAttribute("href");
  }
  return rows;
}
