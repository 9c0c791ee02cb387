/** Which of a video's sources is played: decisions only, on values. */

export const AUTO = "auto";
export const ORIGINAL = "original";

// Beyond that many bits a second a line has to be good, and renditions are the better beginning.
const MOST_BITS = 8_000_000;

/** The sizes among the renditions' names, the largest first; the others are sounds. */
export function sizesOf(names) {
  return names.filter((name) => /^\d+p$/.test(name)).toSorted((one, other) => Number.parseInt(other) - Number.parseInt(one));
}

/** What a video begins with; `kept` is what a person chose last, in this video or another. */
export function beginning({ kept, sizes, isOriginalPlayable, bitRate }) {
  if (sizes.length === 0) return ORIGINAL;
  if (kept === AUTO || sizes.includes(kept)) return kept;
  if (!isOriginalPlayable) return AUTO;
  return kept === ORIGINAL || bitRate === null || bitRate <= MOST_BITS ? ORIGINAL : AUTO;
}
