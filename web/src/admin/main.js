/** The page of all accounts: while the storage is being checked, its section follows that. */

import { sleep, systemClock } from "../common/clock.js";
import { readPage } from "../common/pages.js";

// At first; a large storage takes minutes, and is asked less often.
const INTERVAL_MS = 1_500;
const LONGEST_MS = 15_000;

async function follow(section) {
  const find = (part) => part.querySelector("[data-storage]");
  const isChecking = (part) => part.querySelector("[data-checking='true']") !== null;
  const said = (part) => part.querySelector("[data-checking]")?.textContent;
  for (let waitMs = INTERVAL_MS; isChecking(section); waitMs = Math.min(waitMs * 1.5, LONGEST_MS)) {
    await sleep(systemClock, waitMs);
    const fresh = document.hidden ? null : find((await readPage(location.href)) ?? section);
    if (!fresh || said(fresh) === said(section)) continue;
    // What is said of it is a live region, which has to stay the same element.
    section.replaceChildren(...fresh.childNodes);
  }
}

const section = document.querySelector("[data-storage]");
if (section) follow(section);
