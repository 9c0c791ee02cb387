/** The presigned URLs of the files that a film's playlists name: each is asked for when it is needed, and not before. */

import { systemClock } from "../common/clock.js";
import { NoSource } from "./playback_api.js";

// A piece that is asked for now may be on its way as long.
const LEAST_MS = 30_000;
const FILE = /\/([^/]+)\/([^/]+)\.mp4$/;

export class FilmFiles {
  #playback;
  #clock;
  #hls = null;
  #endsAt = -Infinity;

  constructor(playback, { clock = systemClock } = {}) {
    this.#playback = playback;
    this.#clock = clock;
  }

  /** What was asked for anyway; `hls` as freshSource has it. */
  got(hls) {
    this.#hls = hls;
    this.#endsAt = hls === null ? -Infinity : this.#clock.now() + hls.lifeMs;
  }

  /** What was given is refused: the next one is asked for anew. */
  forget() {
    this.#endsAt = -Infinity;
  }

  /** Where to ask for what a playlist names; where nothing better is known, at its own address, which says why. */
  async urlOf(address) {
    const named = FILE.exec(new URL(address).pathname);
    if (named === null) return address;
    if (this.#clock.now() > this.#endsAt - LEAST_MS) await this.#renew();
    // Those of another set have other pieces: the film was made anew meanwhile.
    const [, setId, name] = named;
    return (this.#hls?.setId === setId && this.#hls.files[name]) || address;
  }

  async #renew() {
    try {
      this.got((await this.#playback.fresh()).hls);
    } catch (failure) {
      if (!(failure instanceof NoSource)) throw failure;
      this.got(null);
    }
  }
}
