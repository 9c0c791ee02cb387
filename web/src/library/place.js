/**
 * Where one was in a list that has grown: who comes back, or reloads, is there again. Pages that the browser has kept whole
 * need none of this.
 */

const KEY = "vss.place";
// More would take long to fetch again.
const MOST = 1_000;

/** `endless` is null where all of the list is there. */
export function keepPlace(list, endless) {
  // By the pixel, as the browser does it, is wrong where the size of what lies above is only guessed.
  history.scrollRestoration = "manual";
  const key = KEY + location.search;
  addEventListener("pagehide", () => {
    const first = [...list.children].find((card) => card.getBoundingClientRect().bottom > 0);
    if (!first) return;
    const place = { count: list.children.length, id: first.dataset.video, top: first.getBoundingClientRect().top, focus: document.activeElement?.closest("[data-video]")?.dataset.video };
    try {
      sessionStorage.setItem(key, JSON.stringify(place));
    } catch {
      // Then one begins at the top.
    }
  });
  const [{ type }] = performance.getEntriesByType("navigation");
  const place = type === "navigate" ? null : read(key);
  if (place) comeBack(list, endless, place);
}

async function comeBack(list, endless, place) {
  // Whoever has moved on meanwhile stays there.
  let hasMoved = false;
  for (const name of ["wheel", "touchstart", "keydown", "pointerdown"]) addEventListener(name, () => (hasMoved = true), { once: true, passive: true });
  try {
    await endless?.reach(Math.min(place.count, MOST));
  } catch {
    // As much as has come.
  }
  const card = (id) => list.querySelector(`[data-video="${CSS.escape(id)}"]`);
  const first = card(place.id);
  if (hasMoved || !first) return;
  first.scrollIntoView({ block: "start", behavior: "instant" });
  scrollBy({ top: first.getBoundingClientRect().top - place.top, behavior: "instant" });
  if (place.focus) card(place.focus)?.querySelector("a").focus({ preventScroll: true });
}

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}
