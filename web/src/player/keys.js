/** The keys that people know from other players. */

const SKIPS = { j: -10, l: 10, ArrowLeft: -5, ArrowRight: 5 };

/**
 * What a key does, or null. `focus` says where it is: `text` (letters are written there), `button` (or a link: space and
 * Enter are its own), `range` (a slider of another thing than time: arrows are its own), `page` (elsewhere on the page,
 * which scrolls by up, down, Home and End), or `player` (in it, or nowhere). `hasNext`: the next video is being counted down.
 */
export function actionOf({ key, code = "", hasShift = false, hasModifier, focus, hasNext = false }) {
  if (hasModifier || focus === "text") return null;
  const named = nameOf(key, code, hasShift);
  if (/^[0-9]$/.test(named)) return { name: "jump", share: Number(named) / 10 };
  if (Object.hasOwn(SKIPS, named) && !(focus === "range" && named.startsWith("Arrow"))) return { name: "skip", seconds: SKIPS[named] };
  switch (named) {
    case "k":
      return { name: "toggle" };
    case " ":
      return focus === "button" ? null : { name: "toggle" };
    case "f":
      return { name: "fullscreen" };
    case "t":
      return { name: "theatre" };
    case "n":
      return hasShift ? { name: "next" } : null;
    case "p":
      return hasShift ? { name: "previous" } : null;
    case "Escape":
      return hasNext ? { name: "cancel" } : null;
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

/**
 * What a key is called here. Where its layout writes Latin letters (also AZERTY, Dvorak) that is what it writes; on Arabic,
 * Cyrillic, Greek or Hebrew ones it is what stands there on a US keyboard (`code`). A digit is one in any script, and also
 * where the layout wants Shift for it.
 */
function nameOf(key, code, hasShift) {
  if ([...key].length !== 1) return key;
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code)?.[1];
  if (/\p{Nd}/u.test(key)) return digit ?? key;
  if (/[a-z<>,.? ]/i.test(key)) return key.toLowerCase();
  if (digit && !hasShift) return digit;
  if (/[\x00-\x7f]|\p{Script=Latin}/u.test(key)) return key;
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter) return letter.toLowerCase();
  const [plain, shifted] = { Comma: [",", "<"], Period: [".", ">"], Slash: ["/", "?"] }[code] ?? [key, key];
  return hasShift ? shifted : plain;
}

/** The rates to choose from. */
export const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** The next playback rate up or down from `rate`. */
export function steppedRate(rate, step) {
  const higher = RATES.find((candidate) => candidate > rate) ?? RATES.at(-1);
  const lower = RATES.findLast((candidate) => candidate < rate) ?? RATES[0];
  return step > 0 ? higher : lower;
}
