/** Fingers on the picture: one tap shows or hides the controls, two at a side jump, and each one more jumps again. */

const DOUBLE_MS = 300;
const SKIP_SECONDS = 10;

export class Taps {
  #last = { at: -Infinity, side: null };

  /** What a tap means that falls on `share` (0 left … 1 right) of the picture's width at `now` in milliseconds. */
  tap(now, share) {
    const side = share < 1 / 3 ? "left" : share > 2 / 3 ? "right" : null;
    const isAgain = side !== null && side === this.#last.side && now - this.#last.at <= DOUBLE_MS;
    this.#last = { at: now, side };
    if (!isAgain) return { name: "reveal" };
    return { name: "skip", seconds: side === "left" ? -SKIP_SECONDS : SKIP_SECONDS, side };
  }
}
