/** How many parts may be under way at once: one at first, then as many as arrive quickly, half after a failure (AIMD). */

const MOST = 4;
// What is half-way is lost when the page is closed, so each part is to be on its way no longer than this.
const LONGEST_PART_MS = 20_000;

export class SendWindow {
  #size = 1;
  #most;
  // Until the first failure a part says at once how many the line bears; afterwards a whole round makes room for one more.
  #isBeginning = true;
  #lastCutAt = -Infinity;

  constructor({ most = MOST } = {}) {
    this.#most = most;
  }

  get limit() {
    return Math.floor(this.#size);
  }

  succeeded({ startedAt, now }) {
    const grown = this.#isBeginning ? this.#most : this.#size + 1 / this.limit;
    // On a line that is full, the more are under way the longer each takes.
    const fitting = Math.floor((this.limit * LONGEST_PART_MS) / (now - startedAt));
    this.#size = Math.max(1, Math.min(this.#most, grown, fitting));
  }

  /** One cut for one mishap: parts that were already under way at the last cut fail for the same cause. */
  failed({ startedAt, now }) {
    if (startedAt < this.#lastCutAt) return;
    this.#lastCutAt = now;
    this.#isBeginning = false;
    this.#size = Math.max(1, Math.floor(this.#size / 2));
  }
}
