/** Who may send: one upload after the other, in the order in which they were asked for. */

const HOLDS_THE_LINE = new Set(["creating", "comparing", "sending"]);

export class Queue {
  #uploads = new Set();
  #waiting = new Map();
  #heed = () => this.#next();
  #onChange;

  /** `onChange()` is called whenever somebody begins, waits or ends. */
  constructor({ onChange = () => {} } = {}) {
    this.#onChange = onChange;
  }

  /**
   * Puts an upload at the end. `begin()` is called when its turn has come. What was done before a new round began is no
   * longer counted in `progress`.
   */
  add(upload, begin) {
    if (!this.isBusy) this.#uploads.clear();
    // The same listener is added once only, however often an upload comes back.
    upload.addEventListener("statechange", this.#heed);
    this.#uploads.add(upload);
    this.#waiting.set(upload, begin);
    this.#next();
  }

  /** Gives up its turn, if it was still waiting for it. */
  remove(upload) {
    if (!this.#waiting.delete(upload)) return;
    this.#uploads.delete(upload);
    this.#onChange();
  }

  isWaiting(upload) {
    return this.#waiting.has(upload);
  }

  /** Whether leaving the page would cut something off. */
  get isBusy() {
    return this.#waiting.size > 0 || [...this.#uploads].some((upload) => upload.isUnderWay);
  }

  /** Whether bytes are to move now. */
  get isSending() {
    return [...this.#uploads].some((upload) => upload.isUnderWay && upload.state !== "paused");
  }

  /** Of all files of this round together. */
  get progress() {
    const all = { sentBytes: 0, totalBytes: 0 };
    for (const upload of this.#uploads) {
      if (upload.state === "cancelled" || upload.state === "failed") continue;
      all.sentBytes += upload.progress.sentBytes;
      all.totalBytes += upload.progress.totalBytes;
    }
    return all;
  }

  #next() {
    const isFree = ![...this.#uploads].some((upload) => HOLDS_THE_LINE.has(upload.state));
    const [first] = this.#waiting;
    if (isFree && first) {
      const [upload, begin] = first;
      this.#waiting.delete(upload);
      begin();
    }
    this.#onChange();
  }
}
