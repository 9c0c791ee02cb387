/** Whoever goes on to another video wants it to play: behind a link no referrer says where they come from. */

const KEPT = "vss.player.next";

/** Goes to the page of the next video, or of the one before. */
export function sendOn(url) {
  keep(url);
  location.assign(url);
}

/** The same of links that are chosen. */
export function sendOnBy(links) {
  for (const link of links) link.addEventListener("click", () => keep(link.href));
}

/** Whether that has led to this page just now; asked again, it has not. */
export function wasSentHere() {
  try {
    const url = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return url === location.href;
  } catch {
    return false;
  }
}

function keep(url) {
  try {
    sessionStorage.setItem(KEPT, url);
  } catch {
    // Nothing may be kept: they press play themselves then.
  }
}
