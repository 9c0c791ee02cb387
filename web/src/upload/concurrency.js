/** How many parts may be under way at once: one more after a full round of successes, half after a failure (AIMD). */

// A browser opens six connections to one HTTP/1.1 host; more would only wait in its queue.
const MOST = 6;

export class SendWindow {
  #size;
  #most;
  #lastCutAt = -Infinity;

  constructor({ initial = 4, most = MOST } = {}) {
    this.#size = initial;
    this.#most = most;
  }

  get limit() {
    return Math.floor(this.#size);
  }

  succeeded() {
    this.#size = Math.min(this.#most, this.#size + 1 / this.limit);
  }

  /** One cut for one mishap: parts that were already under way at the last cut fail for the same cause. */
  failed({ startedAt, now }) {
    if (startedAt < this.#lastCutAt) return;
    this.#lastCutAt = now;
    this.#size = Math.max(1, Math.floor(this.#size / 2));
  }
}
