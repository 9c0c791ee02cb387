/** Who may send: one upload after the other, in the order in which they were asked for. */

const HOLDS_THE_LINE = new Set(["creating", "comparing", "sending"]);

/** Nothing here looks through all uploads at an event: there may be thousands, and as many events. */
export class Queue {
  #waiting = new Map();
  // The uploads of this round with what of each counts in `#settled`, once nothing moves any more.
  #uploads = new Map();
  #settled = { sentBytes: 0, totalBytes: 0 };
  #underWay = new Set();
  #holding = new Set();
  #isHeld = false;
  #heed = ({ target }) => {
    if (!this.#uploads.has(target)) return;
    this.#note(target);
    this.#next();
  };
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
    if (!this.isBusy) {
      this.#uploads.clear();
      this.#settled = { sentBytes: 0, totalBytes: 0 };
    }
    // The same listener is added once only, however often an upload comes back.
    upload.addEventListener("statechange", this.#heed);
    this.#waiting.set(upload, begin);
    this.#note(upload);
    this.#next();
  }

  /** Gives up its turn, if it was still waiting for it. */
  remove(upload) {
    if (!this.#waiting.delete(upload)) return;
    this.#forget(upload);
    this.#onChange();
  }

  /** Until `release()` nobody begins: what is under way goes on. */
  hold() {
    this.#isHeld = true;
  }

  release() {
    this.#isHeld = false;
    this.#next();
  }

  isWaiting(upload) {
    return this.#waiting.has(upload);
  }

  /** Whether leaving the page would cut something off. */
  get isBusy() {
    return this.#waiting.size > 0 || this.#underWay.size > 0;
  }

  /** Whether bytes are to move now. */
  get isSending() {
    for (const upload of this.#underWay) if (upload.state !== "paused") return true;
    return false;
  }

  /** Of all files of this round together. */
  get progress() {
    const all = { ...this.#settled };
    for (const upload of this.#underWay) add(all, upload.progress);
    return all;
  }

  #note(upload) {
    this.#forget(upload);
    const { state, isUnderWay } = upload;
    const isLost = state === "cancelled" || state === "failed";
    const { sentBytes, totalBytes } = upload.progress;
    const settled = isUnderWay || isLost ? { sentBytes: 0, totalBytes: 0 } : { sentBytes, totalBytes };
    this.#uploads.set(upload, settled);
    add(this.#settled, settled);
    if (isUnderWay) this.#underWay.add(upload);
    if (HOLDS_THE_LINE.has(state)) this.#holding.add(upload);
  }

  #forget(upload) {
    const settled = this.#uploads.get(upload);
    if (settled) add(this.#settled, settled, -1);
    this.#uploads.delete(upload);
    this.#underWay.delete(upload);
    this.#holding.delete(upload);
  }

  #next() {
    const [first] = this.#waiting;
    if (!this.#isHeld && this.#holding.size === 0 && first) {
      const [upload, begin] = first;
      this.#waiting.delete(upload);
      begin();
    }
    this.#onChange();
  }
}

function add(sum, { sentBytes, totalBytes }, sign = 1) {
  sum.sentBytes += sign * sentBytes;
  sum.totalBytes += sign * totalBytes;
}
