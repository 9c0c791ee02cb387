/** The page of all accounts: while the storage is being checked, its section follows that. */

import { readPage } from "../common/pages.js";

const INTERVAL_MS = 2_000;

async function follow(section) {
  const find = (part) => part.querySelector("[data-storage]");
  const isChecking = (part) => part.querySelector("[data-checking='true']") !== null;
  while (isChecking(section)) {
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    const fresh = document.hidden ? null : find((await readPage(location.href)) ?? section);
    if (!fresh || isChecking(fresh)) continue;
    // What is said of it is a live region, which has to stay the same element.
    section.replaceChildren(...fresh.childNodes);
  }
}

const section = document.querySelector("[data-storage]");
if (section) follow(section);
