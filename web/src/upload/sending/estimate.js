/** Rate and time left, from the bytes that really moved in the last seconds. */

const WINDOW_MS = 8_000;
// A shorter span says more about buffers than about the line.
const LEAST_SPAN_MS = 1_000;

export class Estimate {
  #samples = [];
  #moved = 0;

  /** Bytes that left at `now` (ms). A part sent again moves again: this is the line's speed, not the file's progress. */
  add(bytes, now) {
    this.#moved += bytes;
    const last = this.#samples.at(-1);
    // Parallel parts report many times within a frame; one sample for each is enough.
    if (last && now - last.at < 100) last.moved = this.#moved;
    else this.#samples.push({ at: now, moved: this.#moved });
    this.#forgetBefore(now - WINDOW_MS);
  }

  /** Bytes a second at `now`, or null while there is too little to say. A silence counts as time without bytes. */
  rate(now) {
    this.#forgetBefore(now - WINDOW_MS);
    const first = this.#samples[0];
    if (!first || now - first.at < LEAST_SPAN_MS) return null;
    return ((this.#moved - first.moved) * 1000) / (now - first.at);
  }

  /** Seconds until `bytesLeft` have moved, or null when that cannot be said. */
  secondsLeft(bytesLeft, now) {
    const rate = this.rate(now);
    return rate ? bytesLeft / rate : null;
  }

  /** After a wait, the time before it says nothing about now. */
  restart() {
    this.#samples = [];
  }

  #forgetBefore(limit) {
    // The newest sample older than the window stays: it is where the window begins.
    while (this.#samples.length > 1 && this.#samples[1].at <= limit) this.#samples.shift();
  }
}
