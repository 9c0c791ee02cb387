/** Whoever goes from one video to the next wants that to play: behind a link no referrer says where they come from. */

const KEPT = "vss.player.next";

/** Goes to the page of the next video, or the one before. */
export function sendOn(url) {
  try {
    sessionStorage.setItem(KEPT, url);
  } catch {
    // Nothing may be kept: they press play themselves then.
  }
  location.assign(url);
}

/** Whether `sendOn` has led to this page just now; asked again, it has not. */
export function wasSentHere() {
  try {
    const url = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return url === location.href;
  } catch {
    return false;
  }
}
