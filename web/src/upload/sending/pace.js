/**
 * What the uploads of a page know of their common line: how many parts it bears at once, and a limit to how fast bytes leave, for all uploads of a page together. A browser sends a part as fast as the line is and
 * cannot be told to go slower, so what is paced is when the next part may begin: once the last ones are worked off at the rate.
 */

import { systemClock } from "../../common/clock.js";
import { SendWindow } from "./send_window.js";

export class Pace {
  #clock;
  #rate = null;
  // Bytes that have left sooner than the rate allows, as of `#settledAt`.
  #ahead = 0;
  #settledAt;
  #wakers = new Set();

  constructor({ clock = systemClock } = {}) {
    this.sendWindow = new SendWindow();
    this.#clock = clock;
    this.#settledAt = clock.now();
  }

  /** Bytes a second, or null for no limit. A new one holds at once, for who waits too. */
  get rate() {
    return this.#rate;
  }

  set rate(bytesPerSecond) {
    this.#settle();
    this.#rate = bytesPerSecond;
    if (bytesPerSecond === null) this.#ahead = 0;
    for (const wake of [...this.#wakers]) wake();
  }

  /** So many bytes have just left, whether or not they arrive. */
  moved(bytes) {
    if (this.#rate === null) return;
    this.#settle();
    this.#ahead += bytes;
  }

  /** Seconds that `bytes` more will take, after what has left too soon. Only with a limit. */
  secondsFor(bytes) {
    this.#settle();
    return (this.#ahead + bytes) / this.#rate;
  }

  /** Resolves when the next part may begin, or rejects with the signal's reason as soon as that is aborted. */
  async wait(signal) {
    signal?.throwIfAborted();
    while (this.isAhead) await this.#pause(Math.ceil(this.secondsFor(0) * 1000), signal);
  }

  get isAhead() {
    this.#settle();
    return this.#ahead > 0;
  }

  /** Until then, or until the rate is another one. */
  #pause(delayMs, signal) {
    return new Promise((resolve, reject) => {
      const end = (settle) => {
        stop();
        this.#wakers.delete(wake);
        signal?.removeEventListener("abort", aborted);
        settle();
      };
      const wake = () => end(resolve);
      const aborted = () => end(() => reject(signal.reason));
      const stop = this.#clock.after(delayMs, wake);
      this.#wakers.add(wake);
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  #settle() {
    const now = this.#clock.now();
    // Nothing is saved up: a part is burst enough.
    if (this.#rate !== null) this.#ahead = Math.max(0, this.#ahead - (this.#rate * (now - this.#settledAt)) / 1000);
    this.#settledAt = now;
  }
}
