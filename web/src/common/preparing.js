/** Waits for what workers make of videos, with one question for all that are waited for. */

import { systemClock } from "./clock.js";

const FIRST_MS = 1_000;
const MOST_MS = 15_000;
// A queue may be long; who wants to know later loads the page again.
const GIVE_UP_MS = 10 * 60_000;

export class Preparing {
  #read;
  #clock;
  #waiting = new Map();
  #delayMs = FIRST_MS;
  #stop = () => {};

  /** `read()` gives `{id, media}` of videos, among them those that are waited for, as far as they are there. */
  constructor(read, { clock = systemClock } = {}) {
    this.#read = read;
    this.#clock = clock;
  }

  /** Calls `done(media)` as soon as that one is not being prepared any more, and with null if that takes too long. */
  add(id, done) {
    this.#waiting.set(id, { done, until: this.#clock.now() + GIVE_UP_MS });
    this.#delayMs = FIRST_MS;
    this.#wait();
  }

  #wait() {
    this.#stop();
    this.#stop = this.#clock.after(this.#delayMs, () => this.#look());
    this.#delayMs = Math.min(MOST_MS, this.#delayMs * 1.5);
  }

  async #look() {
    try {
      for (const { id, media } of await this.#read()) if (media && media.state !== "preparing") this.#end(id, media);
    } catch {
      // The next time.
    }
    for (const [id, { until }] of this.#waiting) if (this.#clock.now() >= until) this.#end(id, null);
    if (this.#waiting.size > 0) this.#wait();
  }

  #end(id, media) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.done(media);
  }
}
