/** Part URLs, fetched in batches ahead of need and forgotten before they die. */

import { systemClock } from "../../common/clock.js";

const PLAIN = {
  firstBatch: 16,
  // So many of the next ones shall be at hand.
  ahead: 12,
  // What one call may ask for.
  largestBatch: 100,
};
// Each part is read and hashed before its URL is asked for: a few of them, while others are being sent.
export const HASHED = { firstBatch: 2, ahead: 6, largestBatch: 8 };
// A tenth of a URL's life is kept back: it must still be alive when its PUT arrives at the storage.
const USABLE_SHARE = 0.9;

export class PartUrls {
  #ask;
  #clock;
  #held = new Map();
  #asking = null;
  #sizes;
  #batch;

  /** `ask(numbers)` gives `{urls, headers, partHeaders, lifeMs}`; it does its own retrying. */
  constructor({ ask, sizes = PLAIN, clock = systemClock }) {
    this.#ask = ask;
    this.#sizes = sizes;
    this.#batch = sizes.firstBatch;
    this.#clock = clock;
  }

  /** `{url, headers}` for a part; `upcoming` are the numbers wanted beside and after it. */
  async take(number, upcoming) {
    if (!this.#has(number)) {
      do {
        if (!this.#asking) this.#begin([number, ...upcoming]);
        await this.#asking;
        // Not `#has`: however short its life, what was just given is worth a try; else this could ask forever.
      } while (!this.#held.has(number));
    }
    const held = this.#held.get(number);
    this.#askAhead(upcoming);
    return held;
  }

  /** The storage did not take this one. */
  forget(number) {
    this.#held.delete(number);
  }

  #has(number) {
    const held = this.#held.get(number);
    if (!held) return false;
    if (held.until > this.#clock.now()) return true;
    this.#held.delete(number);
    // They died unused: a slow line needs fewer at a time.
    this.#batch = this.#sizes.firstBatch;
    return false;
  }

  #askAhead(upcoming) {
    if (this.#asking) return;
    const near = upcoming.slice(0, this.#sizes.ahead);
    if (near.some((number) => !this.#has(number))) {
      this.#begin(upcoming);
      // Whoever needs one of these asks again and meets the failure then.
      this.#asking.catch(() => {});
    }
  }

  #begin(numbers) {
    // Each once: the one that is wanted now is among those beside it, and a number twice is refused.
    const wanted = [...new Set(numbers)].filter((number) => !this.#has(number)).slice(0, this.#batch);
    this.#asking = this.#fetch(wanted).finally(() => {
      this.#asking = null;
    });
  }

  async #fetch(numbers) {
    const askedAt = this.#clock.now();
    const { urls, headers, partHeaders, lifeMs } = await this.#ask(numbers);
    for (const number of numbers) {
      this.#held.set(number, { url: urls[number], headers: { ...headers, ...partHeaders?.[number] }, until: askedAt + lifeMs * USABLE_SHARE });
    }
    this.#batch = Math.min(this.#sizes.largestBatch, this.#batch * 2);
  }
}
