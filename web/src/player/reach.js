/** How long a video is, and seeking in it, where the browser learns its length only as it downloads. */

import { systemClock } from "../common/clock.js";

// If nothing has been downloaded for this long, the end is real.
const PATIENCE_MS = 5_000;

/**
 * The known length of a video in seconds: its duration or, if it has none yet (WebM as browsers record it), what has been
 * downloaded so far. NaN while nothing is known.
 */
export function knownLength({ duration, currentTime, buffered }) {
  if (duration !== Infinity) return duration;
  return Math.max(currentTime, buffered.length > 0 ? buffered.end(buffered.length - 1) : 0);
}

/**
 * Seeks in a video. Firefox takes the downloaded part of a fragmented MP4, or of a WebM without a duration, for the whole
 * file and ends there; so this seeks as far as possible, and further whenever the video has grown, until it is there or
 * somebody seeks elsewhere.
 */
export class Reach {
  #video;
  #clock;
  #wish = null;
  #asked = null;
  #isPlaying = false;
  #stopPatience = () => {};

  constructor(video, { clock = systemClock } = {}) {
    this.#video = video;
    this.#clock = clock;
    const on = (name, run) => video.addEventListener(name, run);
    on("durationchange", () => {
      if (this.isUnderWay) this.#step();
    });
    on("seeking", () => {
      // The element rounds, and never by as much as a person moves.
      if (this.isUnderWay && Math.abs(video.currentTime - this.#asked) > 1) this.#wish = null;
    });
    on("emptied", () => {
      this.#wish = null;
    });
    on("pause", () => {
      // At what it takes for the end it pauses by itself.
      if (!video.ended) this.#isPlaying = false;
    });
  }

  /** Whether it stands at a false end, on the way to a place beyond it. */
  get isUnderWay() {
    return this.#wish !== null;
  }

  go(seconds) {
    if (Number.isNaN(this.#video.duration)) return;
    this.#wish = Math.max(0, seconds);
    this.#isPlaying = !this.#video.paused;
    this.#step();
  }

  #step() {
    const video = this.#video;
    if (Number.isNaN(video.duration)) return;
    // One without an end, as Chromium has it, finds any place by itself, or its end.
    this.#asked = Math.min(this.#wish, video.duration);
    if (this.#asked === this.#wish) this.#wish = null;
    this.#stopPatience();
    this.#stopPatience = this.#clock.after(PATIENCE_MS, () => {
      this.#wish = null;
    });
    const hasPaused = this.#isPlaying && video.paused;
    video.currentTime = this.#asked;
    if (hasPaused && !this.isUnderWay) video.play().catch(() => {});
  }
}
