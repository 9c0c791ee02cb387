/** What a player is doing: decisions only, on values. */

const HAVE_METADATA = 1; // HTMLMediaElement.readyState
const HAVE_CURRENT_DATA = 2;
const HAVE_FUTURE_DATA = 3;

/** One of `trouble`, `loading`, `ended`, `paused`, `buffering`, `playing`. */
export function stateOf({ hasTrouble, ended, paused, seeking, readyState }) {
  if (hasTrouble) return "trouble";
  if (readyState < HAVE_METADATA) return "loading";
  if (ended) return "ended";
  if (paused) return seeking && readyState < HAVE_CURRENT_DATA ? "buffering" : "paused";
  return readyState < HAVE_FUTURE_DATA ? "buffering" : "playing";
}

/** Whether the controls may go out of sight: only from a picture that moves, and never from under a hand. */
export function mayHideControls({ state, isMenuOpen, isSeeking, hasKeyboardFocus, isPointerOver }) {
  return (state === "playing" || state === "buffering") && !isMenuOpen && !isSeeking && !hasKeyboardFocus && !isPointerOver;
}

/** Whether a video comes without its pictures: they are of a kind that this browser cannot decode, and it plays the sound alone. */
export function isWithoutPicture({ type, videoWidth, readyState }) {
  return readyState >= HAVE_METADATA && videoWidth === 0 && !type.startsWith("audio/");
}
