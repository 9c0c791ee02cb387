/** Saves the viewer's position, so that they can resume there. */

import { systemClock } from "../common/clock.js";

const EVERY_MS = 10_000;
const TIMEOUT_MS = 10_000;

/** Once playback has started: every ten seconds, on pause, at the end, and when the page is left. */
export class PositionKeeper {
  #video;
  #address;
  #reach;
  #clock;
  #fetch;
  #hasPlayed = false;
  #kept = null;
  #dueAt = 0;
  #next = null;
  #sending = null;

  constructor(video, { address, reach, clock = systemClock, fetch = globalThis.fetch.bind(globalThis) }) {
    this.#video = video;
    this.#address = address;
    this.#reach = reach;
    this.#clock = clock;
    this.#fetch = fetch;
    video.addEventListener("playing", () => {
      // Not before: a page that is opened and closed again has not been watched.
      if (!this.#hasPlayed) this.#dueAt = clock.now() + EVERY_MS;
      this.#hasPlayed = true;
    });
    video.addEventListener("timeupdate", () => {
      if (!video.paused && clock.now() >= this.#dueAt) this.#keep();
    });
    for (const name of ["pause", "ended"]) video.addEventListener(name, () => this.#keep());
    video.addEventListener("seeked", () => {
      if (video.paused) this.#keep();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#keep({ isLast: true });
    });
    window.addEventListener("pagehide", () => this.#keep({ isLast: true }));
  }

  /** `isLast`: there may be no time to wait for the answer to the one before. */
  #keep({ isLast = false } = {}) {
    const { currentTime, duration, readyState, error } = this.#video;
    // An element without a source says 0, and one at a false end that all has been watched: nobody is there.
    if (!this.#hasPlayed || this.#reach.isUnderWay || readyState === 0 || error) return;
    if (currentTime !== this.#kept) {
      this.#dueAt = this.#clock.now() + EVERY_MS;
      this.#kept = currentTime;
      this.#next = { seconds: currentTime };
      if (Number.isFinite(duration) && duration > 0) this.#next.duration = duration;
    }
    if (!this.#next || (this.#sending && !isLast)) return;
    this.#sending?.abort();
    this.#send();
  }

  /** One after the other: of two on their way at once, the service may write down the older one last. */
  async #send() {
    const sending = new AbortController();
    this.#sending = sending;
    while (this.#next && this.#sending === sending) {
      const content = this.#next;
      this.#next = null;
      const isKept = await this.#put(content, sending.signal);
      // During playback the next one follows in ten seconds; while paused, this position is sent again when the page is
      // left.
      if (!isKept && !this.#next && this.#sending === sending) this.#kept = null;
    }
    if (this.#sending === sending) this.#sending = null;
  }

  /** False if it is worth sending again. */
  async #put(content, signal) {
    try {
      // `keepalive`: the last one is sent while the page is already going away.
      const answer = await this.#fetch(this.#address, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(content),
        keepalive: true,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      return answer.status < 500;
    } catch {
      return false;
    }
  }
}
