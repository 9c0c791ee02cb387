/** Plays what a film was made into (HLS), where the original cannot be played or a person wants another size. */

import { keepPreference, preference } from "../common/preferences.js";
import { FilmFiles } from "./film_files.js";
import { NoSource } from "./playback_api.js";
import { AUTO, ORIGINAL, beginning, sizesOf } from "./quality.js";
import { bufferedAhead } from "./renewal.js";

const KEPT = "player.quality";
const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
// With less than this buffered ahead the picture is about to stand still.
const NEARLY_DRY_SECONDS = 1;
const FORBIDDEN = 403;

/**
 * Events: `change` (what is chosen or shown), `trouble` (as SourceKeeper has it) and `recovered`. While the original is
 * what is played, the keeper has the element, and this leaves it alone.
 */
export class Renditions extends EventTarget {
  #video;
  #keeper;
  #playback;
  #reach;
  #files;
  #quality = ORIGINAL;
  #shown = null;
  #hls = null;
  // Of what plays now; aborted when something else does.
  #run = null;
  #held = null;
  #position = 0;
  #trouble = null;
  #hasRecovered = false;

  /** `names` of all renditions, none where there are none. */
  constructor(video, { names, keeper, playback, reach }) {
    super();
    this.#video = video;
    this.#keeper = keeper;
    this.#playback = playback;
    this.#reach = reach;
    this.#files = new FilmFiles(playback);
    this.hasOwnSizes = "MediaSource" in window || "ManagedMediaSource" in window;
    this.isThere = sizesOf(names).length > 0 && (this.hasOwnSizes || video.canPlayType(PLAYLIST_TYPE) !== "");
    // A browser that plays playlists by itself chooses by itself.
    this.sizes = this.isThere && this.hasOwnSizes ? sizesOf(names) : [];
    for (const [target, name] of [[window, "online"], [window, "pageshow"], [document, "visibilitychange"]]) {
      target.addEventListener(name, () => {
        if (this.#trouble === "unreachable" && !document.hidden) this.retry();
      });
    }
  }

  /** AUTO, ORIGINAL or a size. */
  get quality() {
    return this.#quality;
  }

  /** The size that is on the screen, where it is known. */
  get shown() {
    return this.#shown;
  }

  get isOn() {
    return this.#quality !== ORIGINAL;
  }

  /** Begins with what suits, unless that is the original. */
  begin({ isOriginalPlayable, bitRate }) {
    const sizes = this.isThere ? [...this.sizes, AUTO] : [];
    this.choose(beginning({ kept: preference(KEPT, null), sizes, isOriginalPlayable, bitRate }), { isKept: false });
  }

  /** Plays that from the same place on; `isKept`: a person wants it, here and in the next video. */
  choose(quality, { isKept = true } = {}) {
    if (isKept) keepPreference(KEPT, quality);
    if (quality === this.#quality) return;
    const wasOn = this.isOn;
    this.#quality = quality;
    if (!this.isOn) this.#keeper.comeBack(this.#leave());
    else if (!wasOn) this.#play(this.#keeper.leave());
    else if (this.#hls) this.#hls.nextLevel = this.#level;
    this.#changed();
  }

  /** A person asked, or the world changed. */
  retry() {
    this.#play(this.#leave());
  }

  async #play(held) {
    this.#held = held;
    this.#position = held.position;
    this.#hasRecovered = false;
    this.#run = new AbortController();
    const { signal } = this.#run;
    try {
      const { hls } = await this.#playback.fresh();
      if (signal.aborted) return;
      this.#files.got(hls);
      // Nothing is made of it any more: the original is what there is.
      if (hls === null) {
        this.isThere = false;
        this.choose(ORIGINAL, { isKept: false });
      } else if (this.hasOwnSizes) this.#attach(await library(), hls.url, signal);
      else this.#playNatively(hls.url, signal);
    } catch (failure) {
      if (!signal.aborted) this.#fail(failure instanceof NoSource ? failure.reason : "unreachable");
    }
  }

  #attach(Hls, url, signal) {
    if (signal.aborted) return;
    const files = this.#files;
    const hls = new Hls({
      workerPath: new URL("hls_worker.js", import.meta.url).href,
      startPosition: this.#position,
      capLevelToPlayerSize: true,
      // Who leaves in the middle has not asked for the rest.
      maxMaxBufferLength: 60,
      backBufferLength: 60,
      // Hls.js asks for the same pieces by whichever URL is good at that moment.
      xhrSetup: async (xhr, address) => xhr.open("GET", await files.urlOf(address), true),
      ...policies(Hls.DefaultConfig, () => files.forget()),
    });
    this.#hls = hls;
    signal.addEventListener("abort", () => {
      this.#hls = null;
      hls.destroy();
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      if (this.#level >= 0) hls.loadLevel = this.#level;
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => {
      this.#shown = nameOf(hls.levels[level]);
      this.#changed();
    });
    hls.on(Hls.Events.ERROR, (_, { fatal, type }) => {
      if (!fatal) return;
      if (type === Hls.ErrorTypes.NETWORK_ERROR) this.#lost(signal);
      else if (type === Hls.ErrorTypes.MEDIA_ERROR && !this.#hasRecovered) {
        this.#hasRecovered = true;
        hls.recoverMediaError();
      } else this.#fail("unplayable");
    });
    this.#follow(signal);
    hls.attachMedia(this.#video);
    hls.loadSource(url);
  }

  #playNatively(url, signal) {
    const video = this.#video;
    this.#follow(signal);
    video.addEventListener("error", () => this.#lost(signal), { signal });
    video.src = url;
    if (this.#keeper.isPlaying) video.load();
  }

  #follow(signal) {
    const video = this.#video;
    video.addEventListener("loadedmetadata", () => this.#restore(), { once: true, signal });
    for (const name of ["timeupdate", "seeking"]) {
      video.addEventListener(name, () => {
        if (!this.#held && !video.error) this.#position = video.currentTime;
      }, { signal });
    }
  }

  #restore() {
    const video = this.#video;
    const { position, playbackRate, volume, muted } = this.#held;
    this.#held = null;
    this.#trouble = null;
    if (position > 0) this.#reach.go(position);
    Object.assign(video, { playbackRate, volume, muted });
    // Refused where the person has not touched the page yet: it stays paused, and the controls say so.
    if (this.#keeper.isPlaying) video.play().catch(() => {});
    this.dispatchEvent(new Event("recovered"));
  }

  /** What plays now is let go; returns what the next one has to restore. */
  #leave() {
    const { playbackRate, volume, muted } = this.#video;
    const held = this.#held ?? { position: this.#position, playbackRate, volume, muted };
    this.#run.abort();
    this.#held = null;
    this.#trouble = null;
    this.#shown = null;
    return held;
  }

  /** Nothing more comes; what is here already is played before it is said. */
  async #lost(signal) {
    const video = this.#video;
    this.#hls?.stopLoad();
    if (bufferedAhead(video.buffered, video.currentTime) > NEARLY_DRY_SECONDS) {
      for (const name of ["waiting", "seeking"]) video.addEventListener(name, () => this.retry(), { once: true, signal });
      return;
    }
    let reason = video.error ? "unplayable" : "unreachable";
    try {
      await this.#playback.fresh();
    } catch (failure) {
      reason = failure instanceof NoSource ? failure.reason : "unreachable";
    }
    if (!signal.aborted) this.#fail(reason);
  }

  #fail(reason) {
    this.#trouble = reason;
    this.dispatchEvent(new CustomEvent("trouble", { detail: reason }));
  }

  /** Which of hls.js' levels is wanted; -1: it chooses. */
  get #level() {
    return this.#hls.levels.findIndex((level) => nameOf(level) === this.#quality);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

async function library() {
  return (await import(new URL("hls.js", import.meta.url).href)).default;
}

function nameOf({ url: [url] }) {
  return new URL(url).pathname.split("/").at(-1).replace(/\.m3u8$/, "");
}

/** As hls.js has them, but tries again what no server has answered; `refused` is told of a URL that the storage refuses, once. */
function policies({ manifestLoadPolicy, playlistLoadPolicy, fragLoadPolicy }, refused) {
  const isWorthIt = ({ maxNumRetry }, count, isTimeout, response, isUsual) => {
    if (response?.code === FORBIDDEN && count === 0) {
      refused();
      return true;
    }
    return isUsual || (response?.code === 0 && count < maxNumRetry);
  };
  const better = ({ default: policy }) => ({
    default: { ...policy, errorRetry: { ...policy.errorRetry, shouldRetry: isWorthIt } },
  });
  return {
    manifestLoadPolicy: better(manifestLoadPolicy),
    playlistLoadPolicy: better(playlistLoadPolicy),
    fragLoadPolicy: better(fragLoadPolicy),
  };
}
