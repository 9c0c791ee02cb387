/**
 * The one place where an upload waits for better times. Every request goes through the gate; a passing failure closes
 * it for all new ones, so that there is one wait, one countdown and one "try now" however many parts were under way.
 */

import { backoffMs } from "../../common/backoff.js";
import { systemClock } from "../../common/clock.js";
import { SIGNED_OUT } from "../../common/failures.js";

// More than the buffers between us and a dead line swallow.
const PROOF_BYTES = 512 * 1024;

export class Gate {
  #clock;
  #random;
  #onChange;
  #waiting = null;
  // The wait that a person was told of, from the first wait with nothing under way until something works again.
  #trouble = null;
  #movedBytes = 0;
  #cancelTimer = null;
  #passers = new Set();
  #active = 0;
  // Failures in a row, by whom: answers of our API say nothing about the storage, and the other way round.
  #attempts = new Map();

  constructor({ clock = systemClock, random = Math.random, onChange = () => {} } = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#onChange = onChange;
  }

  /**
   * What a person should be told, or null while all is well: `{failure, until, isTrying}`. `until` is on the clock;
   * null waits for the person, or (`isTrying`) for the outcome of a try that is under way.
   */
  get trouble() {
    if (!this.#trouble) return null;
    const isTrying = !this.#waiting;
    return { failure: this.#trouble.failure, until: this.#waiting?.until ?? null, isTrying };
  }

  /** Bytes left this device. Enough of them prove that the line is back, before the first part has arrived. */
  moved(bytes) {
    if (!this.#trouble || this.#waiting) return;
    this.#movedBytes += bytes;
    if (this.#movedBytes > PROOF_BYTES) this.#recovered();
  }

  /** One try of `operation` once the gate is open. `who` ("api", "storage") names whose failures are counted together. */
  async once(who, operation, signal) {
    await this.pass(signal);
    signal?.throwIfAborted();
    this.#active += 1;
    try {
      const result = await operation();
      this.#active -= 1;
      this.#attempts.delete(who);
      if (!this.#waiting && this.#trouble?.who === who) this.#recovered();
      return result;
    } catch (failure) {
      this.#active -= 1;
      if (!signal?.aborted && failure.isPassing) this.#close(who, failure);
      throw failure;
    } finally {
      this.#showTrouble();
    }
  }

  /** As `once`, again and again until it works, fails for good or is aborted. */
  async persist(who, operation, signal) {
    for (;;) {
      try {
        return await this.once(who, operation, signal);
      } catch (failure) {
        if (signal?.aborted || !failure.isPassing) throw failure;
      }
    }
  }

  /** Ends the wait at once. */
  open() {
    if (!this.#waiting) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#waiting = null;
    this.#movedBytes = 0;
    const passers = [...this.#passers];
    this.#passers.clear();
    this.#onChange();
    for (const pass of passers) pass();
  }

  /** One failed part among others that go on is no trouble yet. */
  #showTrouble() {
    if (!this.#waiting || this.#active > 0) return;
    this.#trouble = this.#waiting;
    this.#onChange();
  }

  #recovered() {
    if (!this.#trouble) return;
    this.#trouble = null;
    this.#onChange();
  }

  #close(who, failure) {
    const needsPerson = failure.kind === SIGNED_OUT;
    // Parts that were under way together fail together: that is one mishap, not four.
    if (this.#waiting && !needsPerson) return;
    const attempt = (this.#attempts.get(who) ?? 0) + 1;
    this.#attempts.set(who, attempt);
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (needsPerson) {
      this.#waiting = { who, failure, until: null };
      return;
    }
    const delayMs = Math.max(backoffMs(attempt, this.#random), failure.retryAfterMs ?? 0);
    this.#waiting = { who, failure, until: this.#clock.now() + delayMs };
    this.#cancelTimer = this.#clock.after(delayMs, () => this.open());
  }

  /** Resolves when the gate is open. */
  async pass(signal) {
    signal?.throwIfAborted();
    while (this.#waiting) {
      await new Promise((resolve, reject) => {
        const pass = () => {
          signal?.removeEventListener("abort", aborted);
          resolve();
        };
        const aborted = () => {
          this.#passers.delete(pass);
          reject(signal.reason);
        };
        this.#passers.add(pass);
        signal?.addEventListener("abort", aborted, { once: true });
      });
    }
  }
}
