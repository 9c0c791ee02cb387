/** What a player is doing: decisions only, on values. */

const HAVE_METADATA = 1; // HTMLMediaElement.readyState
const HAVE_CURRENT_DATA = 2;
const HAVE_FUTURE_DATA = 3;

// Seconds, of which no frame is as short.
const AT_THE_END = 0.01;

/**
 * One of `trouble`, `loading`, `ended`, `paused`, `buffering`, `playing`. Where somebody has gone to the end of a paused
 * video it has ended, whether the browser calls it so (a busy Chromium may not) or not.
 */
export function stateOf({ hasTrouble, ended, paused, seeking, readyState, currentTime, duration }) {
  if (hasTrouble) return "trouble";
  if (readyState < HAVE_METADATA) return "loading";
  if (ended || (paused && !seeking && currentTime > 0 && duration - currentTime < AT_THE_END)) return "ended";
  if (paused) return seeking && readyState < HAVE_CURRENT_DATA ? "buffering" : "paused";
  return readyState < HAVE_FUTURE_DATA ? "buffering" : "playing";
}

/**
 * Whether a person has just chosen the video in a list of ours, and so wants it to play: not who reloads, comes back or
 * logs in, and not in a tab that nobody sees. `navigation` is the browser's type of it. Of a page at another of our
 * `origins` the referrer tells only that; those whose links lead here on purpose let it be told.
 */
export function isChosen({ referrer, url, origins, navigation, isHidden }) {
  if (navigation !== "navigate" || isHidden || !URL.canParse(referrer)) return false;
  const [from, here] = [new URL(referrer), new URL(url)];
  const isList = ["/", "/videos"].includes(from.pathname) || from.pathname.startsWith("/watch/");
  return origins.includes(from.origin) && from.pathname !== here.pathname && isList;
}

/** Whether the controls may go out of sight: only from a picture that moves, and never from under a hand. */
export function mayHideControls({ state, isMenuOpen, isSeeking, hasKeyboardFocus, isPointerOver }) {
  return (state === "playing" || state === "buffering") && !isMenuOpen && !isSeeking && !hasKeyboardFocus && !isPointerOver;
}

/** Whether nothing is to be seen of what is being played: it has no picture, or one that this browser cannot decode. */
export function isWithoutPicture({ videoWidth, readyState }) {
  return readyState >= HAVE_METADATA && videoWidth === 0;
}

/** Whether nothing is to be heard: no sound, or one that this browser cannot decode. Where it does not tell, no. */
export function isWithoutSound({ mozHasAudio, webkitAudioDecodedByteCount, audioTracks, readyState }) {
  if (readyState < HAVE_FUTURE_DATA) return false;
  return mozHasAudio === false || webkitAudioDecodedByteCount === 0 || audioTracks?.length === 0;
}
