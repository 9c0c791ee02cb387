/** Saves what people type, for all rows together: one call after the other, and each again until the server has heard it. */

import { systemClock } from "../../common/clock.js";
import { Gate } from "../sending/gate.js";

// So long after the last key nothing more is coming just now.
const QUIET_MS = 700;

export class Saver {
  #typing = new Map();
  #asked = new Set();
  #current = null;
  #clock;
  #gate;

  constructor({ clock = systemClock } = {}) {
    this.#clock = clock;
    this.#gate = new Gate({ clock, onChange: () => this.#current?.delayed() });
  }

  /** Whether anything typed would be lost with the page. */
  get isBusy() {
    return this.#current !== null || this.#typing.size + this.#asked.size > 0;
  }

  /** Once nobody types any more. `details` has `save()`, one attempt, and `delayed()`, which says that it takes longer. */
  soon(details) {
    this.#typing.get(details)?.();
    this.#typing.set(details, this.#clock.after(QUIET_MS, () => this.now(details)));
  }

  now(details) {
    this.#typing.get(details)?.();
    this.#typing.delete(details);
    this.#asked.add(details);
    if (!this.#current) this.#run();
  }

  /** The line may be back, or the session. */
  wake() {
    this.#gate.open();
  }

  async #run() {
    for (const details of this.#asked) {
      this.#asked.delete(details);
      this.#current = details;
      await this.#gate.persist("api", () => details.save());
    }
    this.#current = null;
  }
}
