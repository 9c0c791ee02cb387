/** The keys that people know from other players. */

const SKIPS = { j: -10, l: 10, ArrowLeft: -5, ArrowRight: 5 };

/**
 * What a key does, or null. `focus` says where it is: `text` (letters are written there), `button` (or a link: space and
 * Enter are its own), `range` (a slider of another thing than time: arrows are its own), `page` (elsewhere on the page,
 * which scrolls by up, down, Home and End), or `player` (in it, or nowhere).
 */
export function actionOf({ key, hasModifier, focus }) {
  if (hasModifier || focus === "text") return null;
  if (/^[0-9]$/.test(key)) return { name: "jump", share: Number(key) / 10 };
  const named = key.length === 1 ? key.toLowerCase() : key;
  if (Object.hasOwn(SKIPS, named) && !(focus === "range" && key.startsWith("Arrow"))) return { name: "skip", seconds: SKIPS[named] };
  switch (named) {
    case "k":
      return { name: "toggle" };
    case " ":
      return focus === "button" ? null : { name: "toggle" };
    case "f":
      return { name: "fullscreen" };
    case "t":
      return { name: "theatre" };
    case "m":
      return { name: "mute" };
    case "<":
      return { name: "rate", step: -1 };
    case ">":
      return { name: "rate", step: 1 };
    case ",":
      return { name: "frame", step: -1 };
    case ".":
      return { name: "frame", step: 1 };
    case "?":
      return { name: "help" };
    default:
      return focus === "range" || focus === "page" ? null : scrollingKey(named);
  }
}

function scrollingKey(key) {
  switch (key) {
    case "ArrowUp":
      return { name: "volume", change: 0.05 };
    case "ArrowDown":
      return { name: "volume", change: -0.05 };
    case "Home":
      return { name: "jump", share: 0 };
    case "End":
      return { name: "jump", share: 1 };
    default:
      return null;
  }
}

/** The rates to choose from. */
export const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** The next playback rate up or down from `rate`. */
export function steppedRate(rate, step) {
  const higher = RATES.find((candidate) => candidate > rate) ?? RATES.at(-1);
  const lower = RATES.findLast((candidate) => candidate < rate) ?? RATES[0];
  return step > 0 ? higher : lower;
}
