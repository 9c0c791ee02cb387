/** The keys that people know from other players. */

/**
 * What a key does, or null. `isOnPlayer`: the video itself has the focus, where the browser's own controls answer to
 * space, up and down; `isTyping`: the focus is where letters, space or arrows mean something else.
 */
export function actionOf({ key, hasModifier, isOnPlayer, isTyping }) {
  if (hasModifier || isTyping) return null;
  if (/^[0-9]$/.test(key)) return { name: "jump", share: Number(key) / 10 };
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case "k":
      return { name: "toggle" };
    case "j":
      return { name: "skip", seconds: -10 };
    case "l":
      return { name: "skip", seconds: 10 };
    // Also where the browser's controls have the focus: their own step is a hundredth of the film, half a minute in an hour.
    case "ArrowLeft":
      return { name: "skip", seconds: -5 };
    case "ArrowRight":
      return { name: "skip", seconds: 5 };
    case "f":
      return { name: "fullscreen" };
    case "m":
      return { name: "mute" };
    case "<":
      return { name: "rate", step: -1 };
    case ">":
      return { name: "rate", step: 1 };
    default:
      return isOnPlayer ? null : pageAction(key);
  }
}

function pageAction(key) {
  switch (key) {
    case " ":
      return { name: "toggle" };
    case "ArrowUp":
      return { name: "volume", change: 0.05 };
    case "ArrowDown":
      return { name: "volume", change: -0.05 };
    default:
      return null;
  }
}

const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** The next playback rate up or down from `rate`. */
export function steppedRate(rate, step) {
  const higher = RATES.find((candidate) => candidate > rate) ?? RATES.at(-1);
  const lower = RATES.findLast((candidate) => candidate < rate) ?? RATES[0];
  return step > 0 ? higher : lower;
}
