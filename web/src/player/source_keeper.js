/** Keeps a video element's source alive: renews its presigned URL in time, and after errors, stalls and sleep. */

import { sleep, systemClock } from "../common/clock.js";
import { NoSource, isReachable } from "./playback_api.js";
import { bufferedAhead, dueAt, retryDelayMs, shouldRenew, stallLimitMs } from "./renewal.js";

const DECODING_FAILED = 3; // MediaError
const NOT_SUPPORTED = 4;
// Playing this far after a renewal means that it has worked.
const RECOVERED_SECONDS = 2;

/** Events: `trouble` (detail: signed-out, gone, unreachable or unplayable) and `recovered`. */
export class SourceKeeper extends EventTarget {
  #video;
  #playback;
  #reach;
  #clock;
  #signal;
  #due;
  #attempt = 0;
  #trouble = null;
  #renewing = null;
  #swapping = null;
  // What to restore; it outlives swaps that fail, when the element itself has forgotten.
  #held = null;
  #isPlaying = false;
  // Something else plays in the element.
  #isAway = false;
  #position = 0;
  #restoredAt = 0;
  #stopDueTimer = () => {};
  #stopStallWatch = () => {};

  constructor(video, { playback, lifeMs, position = 0, reach, signal, clock = systemClock }) {
    super();
    this.#video = video;
    this.#playback = playback;
    this.#reach = reach;
    this.#signal = signal;
    this.#clock = clock;
    this.#position = position;
    this.#isPlaying = !video.paused;
    this.#gotSource(lifeMs);
    this.#listen();
    if (position > 0) this.#startAt(position);
    // It may have failed before this module ran.
    if (video.error) this.#renew();
  }

  /** A person asked, or the world changed: all tries are there again. */
  retry() {
    this.#attempt = 0;
    this.#renew();
  }

  /** Whether the person wants it to play, whatever the element does just now. */
  get isPlaying() {
    return this.#isPlaying;
  }

  /** Leaves the element to another source, and what is told here from now on; returns what that has to restore. */
  leave() {
    this.#hold();
    const held = this.#held;
    this.#isAway = true;
    this.#held = null;
    this.#trouble = null;
    this.#swapping?.abort();
    this.#stopDueTimer();
    this.#stopStallWatch();
    return held;
  }

  /** Takes the element again, with what is to be restored. */
  comeBack(held) {
    this.#isAway = false;
    this.#held = held;
    this.#position = held.position;
    this.retry();
  }

  #listen() {
    const options = { signal: this.#signal };
    const on = (name, run) => this.#video.addEventListener(name, run, options);
    on("error", () => this.#renew());
    on("timeupdate", () => this.#moved());
    on("seeking", () => {
      if (!this.#held && !this.#isAway) this.#position = this.#video.currentTime;
      this.#check();
    });
    on("seeked", () => {
      if (this.#video.paused && !this.#held) this.#attempt = 0;
    });
    on("play", () => {
      this.#isPlaying = true;
    });
    on("pause", () => {
      // Chromium pauses a video that fails; that is not what the person wanted.
      if (!this.#video.error) this.#isPlaying = false;
      this.#check();
    });
    on("waiting", () => this.#watchStall());
    for (const name of ["playing", "pause", "ended", "seeking"]) on(name, () => this.#stopStallWatch());
    document.addEventListener("visibilitychange", () => this.#woke(), options);
    for (const name of ["pageshow", "online"]) window.addEventListener(name, () => this.#woke(), options);
    this.#signal?.addEventListener("abort", () => {
      this.#stopDueTimer();
      this.#stopStallWatch();
    });
  }

  #gotSource(lifeMs) {
    const now = this.#clock.now();
    this.#due = dueAt({ now, lifeMs });
    this.#stopDueTimer();
    this.#stopDueTimer = this.#clock.after(this.#due - now + 1, () => this.#check());
  }

  #moved() {
    if (this.#isAway || this.#held || this.#video.error) return;
    this.#position = this.#video.currentTime;
    if (Math.abs(this.#position - this.#restoredAt) > RECOVERED_SECONDS) this.#attempt = 0;
    this.#check();
  }

  #woke() {
    if (document.hidden) return;
    if (this.#trouble === "unreachable") this.retry();
    else this.#check();
  }

  #check() {
    const video = this.#video;
    if (this.#isAway || this.#held || this.#trouble || video.error) return;
    const isDue = shouldRenew({
      now: this.#clock.now(),
      due: this.#due,
      isPaused: video.paused,
      isHidden: document.hidden,
      isSeeking: video.seeking,
      bufferedAheadSeconds: bufferedAhead(video.buffered, video.currentTime),
      leftSeconds: (video.duration || Infinity) - video.currentTime,
    });
    if (isDue) this.#renew();
  }

  #watchStall() {
    this.#stopStallWatch();
    if (this.#isAway) return;
    this.#stopStallWatch = this.#clock.after(stallLimitMs(this.#attempt), () => this.#renew());
  }

  #renew() {
    if (this.#isAway || this.#renewing) return;
    this.#stopStallWatch();
    this.#hold();
    this.#renewing = this.#findSource().then((source) => {
      this.#renewing = null;
      // Who left while it was asked for, and came back, wants one still.
      if (source && !this.#isAway) this.#swap(source);
    });
  }

  /** A fresh source, or nothing when it has given up and said so. */
  async #findSource() {
    const { error, currentSrc } = this.#video;
    const mayBeFormat = error?.code === DECODING_FAILED || error?.code === NOT_SUPPORTED;
    // One fresh URL has not helped, and this one is good: it is the file that this browser cannot play.
    if (mayBeFormat && this.#attempt > 0 && (await isReachable(currentSrc))) return this.#giveUp("unplayable");
    for (;;) {
      const delayMs = retryDelayMs(this.#attempt);
      if (delayMs === null) return this.#giveUp("unreachable");
      this.#attempt += 1;
      try {
        await sleep(this.#clock, delayMs, this.#signal);
        return await this.#playback.fresh();
      } catch (failure) {
        if (this.#signal?.aborted) return null;
        if (!(failure instanceof NoSource)) throw failure;
        if (failure.reason !== "unreachable") return this.#giveUp(failure.reason);
      }
    }
  }

  #giveUp(reason) {
    if (this.#isAway) return null;
    this.#trouble = reason;
    this.dispatchEvent(new CustomEvent("trouble", { detail: reason }));
    return null;
  }

  #hold() {
    if (this.#held) return;
    const { playbackRate, volume, muted, error, readyState, currentTime } = this.#video;
    // After an error, and before anything is loaded, the element may say 0.
    const position = error || readyState === HTMLMediaElement.HAVE_NOTHING ? this.#position : currentTime;
    this.#held = { position, playbackRate, volume, muted };
  }

  #swap({ url, lifeMs }) {
    this.#gotSource(lifeMs);
    // The listener of a swap that failed must not answer for this one.
    this.#swapping?.abort();
    this.#swapping = new AbortController();
    const { signal } = this.#swapping;
    this.#video.addEventListener("loadedmetadata", () => this.#restore(), { once: true, signal });
    this.#video.src = url;
    // A paused one may rightly wait for the person before it loads.
    if (this.#isPlaying) {
      this.#video.load();
      this.#watchStall();
    }
  }

  #restore() {
    const video = this.#video;
    const held = this.#held;
    this.#held = null;
    this.#trouble = null;
    this.#stopStallWatch();
    this.#restoredAt = held.position;
    this.#reach.go(held.position);
    video.playbackRate = held.playbackRate;
    video.volume = held.volume;
    video.muted = held.muted;
    // Refused where the person has not touched the page yet: it stays paused, and the controls say so.
    if (this.#isPlaying) video.play().catch(() => {});
    this.dispatchEvent(new Event("recovered"));
  }

  #startAt(position) {
    const video = this.#video;
    const go = () => this.#reach.go(position);
    if (video.readyState >= HTMLMediaElement.HAVE_METADATA) go();
    else video.addEventListener("loadedmetadata", go, { once: true, signal: this.#signal });
  }
}
