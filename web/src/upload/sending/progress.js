/** How much of one upload has left, how much of that is safe, and how long the rest will take. */

import { Estimate } from "./estimate.js";

export class Progress {
  #totalBytes;
  #pace;
  #clock;
  #estimate = new Estimate();
  // Of what is sent, the parts that the storage has are safe, whatever happens here.
  #safeBytes = 0;
  #sentOfPart = new Map();
  #partSize = 0;
  #isHeld = false;

  /** `pace` is the one by which the bytes leave. */
  constructor({ totalBytes, pace, clock }) {
    this.#totalBytes = totalBytes;
    this.#pace = pace;
    this.#clock = clock;
  }

  /** Sending begins, or begins again, with so many bytes stored. */
  begin({ safeBytes, partSize }) {
    this.#safeBytes = safeBytes;
    this.#partSize = partSize;
    this.#sentOfPart.clear();
    this.restart();
  }

  /** `sent` bytes of the part are handed over; `moved` bytes left since the last call. */
  moved({ number, sent, moved }) {
    this.#sentOfPart.set(number, sent);
    this.#estimate.add(moved, this.#clock.now());
  }

  /** The storage has so many more bytes: those of part `number`, where it was sent from here. */
  stored(bytes, number) {
    this.#sentOfPart.delete(number);
    this.#safeBytes += bytes;
  }

  /** What was half-way is sent anew. */
  dropHalfway() {
    this.#sentOfPart.clear();
  }

  /** After a silence that is no property of the line. */
  restart() {
    this.#estimate.restart();
    this.#estimate.add(0, this.#clock.now());
  }

  /** While the limit, and not the line, is what is waited for. */
  async held(wait) {
    this.#isHeld = true;
    try {
      await wait();
      this.restart();
    } finally {
      this.#isHeld = false;
    }
  }

  /** Bytes and seconds; `limit` in bytes a second while that, and not the line, says how fast it goes. */
  now({ isSending }) {
    const now = this.#clock.now();
    let sentBytes = this.#safeBytes;
    for (const sent of this.#sentOfPart.values()) sentBytes += sent;
    const bytesLeft = this.#totalBytes - sentBytes;
    const bytesPerSecond = this.#estimate.rate(now);
    const secondsLeft = this.#estimate.secondsLeft(bytesLeft, now);
    const figures = { sentBytes, safeBytes: this.#safeBytes, totalBytes: this.#totalBytes, bytesPerSecond, secondsLeft, limit: null };
    return isSending ? { ...figures, ...this.#limited(bytesLeft, bytesPerSecond) } : figures;
  }

  #limited(bytesLeft, bytesPerSecond) {
    const { rate } = this.#pace;
    const isSlowerItself = !this.#isHeld && bytesPerSecond !== null && bytesPerSecond < rate;
    if (rate === null || isSlowerItself) return {};
    // Nothing is waited for after the last part, which goes as fast as the line is.
    const bytesBefore = Math.max(0, bytesLeft - this.#partSize);
    const isLast = !this.#isHeld && bytesBefore === 0;
    return { limit: rate, ...(!isLast && { secondsLeft: this.#pace.secondsFor(bytesBefore) }) };
  }
}
