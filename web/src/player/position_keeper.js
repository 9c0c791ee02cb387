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
      if (document.hidden) this.#keep();
    });
    window.addEventListener("pagehide", () => this.#keep());
  }

  async #keep() {
    const { currentTime, duration, readyState, error } = this.#video;
    // An element without a source says 0, and one at a false end that all has been watched: nobody is there.
    if (!this.#hasPlayed || this.#reach.isUnderWay || readyState === 0 || error || currentTime === this.#kept) return;
    this.#dueAt = this.#clock.now() + EVERY_MS;
    this.#kept = currentTime;
    const content = { seconds: currentTime };
    if (Number.isFinite(duration) && duration > 0) content.duration = duration;
    // One that is still on its way must not arrive behind this one.
    this.#sending?.abort();
    const sending = new AbortController();
    this.#sending = sending;
    try {
      // `keepalive`: the last one is sent while the page is already going away.
      const answer = await this.#fetch(this.#address, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(content),
        keepalive: true,
        signal: AbortSignal.any([sending.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      if (answer.status >= 500 && this.#sending === sending) this.#kept = null;
    } catch {
      // During playback the next one follows in ten seconds; while paused, this position is sent again when the page is
      // left.
      if (this.#sending === sending) this.#kept = null;
    }
  }
}
