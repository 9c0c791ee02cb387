/** What a person can do with a video, whichever button, key or gesture says it. */

import { gettext } from "../common/i18n.js";
import { keepPreference } from "../common/preferences.js";
import { steppedRate } from "./keys.js";
import { knownLength } from "./reach.js";

// A page cannot know a frame's length; this is the shortest common one, except at 50 frames per second and more.
const FRAME_SECONDS = 1 / 30;
// A year.
const BEYOND_ANY_FILM = 31_536_000;

/** Methods are named as the actions of keys.js; `say` shows a few words for a moment. */
export class Commands {
  #video;
  #reach;
  #say;

  constructor(video, { reach, say }) {
    this.#video = video;
    this.#reach = reach;
    this.#say = say;
  }

  toggle() {
    // Refused by the browser or broken off by a new source: the controls show what is so.
    if (this.#video.paused) this.#video.play().catch(() => {});
    else this.#video.pause();
  }

  seek({ seconds }) {
    this.#reach.go(seconds);
  }

  skip({ seconds, side = seconds < 0 ? "left" : "right" }) {
    // Nothing is there that could be moved in.
    if (Number.isNaN(this.#video.duration)) return;
    this.seek({ seconds: this.#video.currentTime + seconds });
    const words = { seconds: Math.abs(seconds) };
    this.#say(seconds < 0 ? gettext("− %(seconds)s s", words) : gettext("+ %(seconds)s s", words), side);
  }

  jump({ share }) {
    // If the end is not known yet, it is found on the way.
    this.seek({ seconds: share === 1 ? Math.min(this.#video.duration, BEYOND_ANY_FILM) : knownLength(this.#video) * share });
  }

  frame({ step }) {
    this.#video.pause();
    this.seek({ seconds: this.#video.currentTime + step * FRAME_SECONDS });
  }

  mute() {
    // Without any volume left, being unmuted would still be silence.
    if (this.#video.muted && this.#video.volume === 0) this.#video.volume = 0.5;
    this.#video.muted = !this.#video.muted;
    this.#say(this.#video.muted ? gettext("Muted") : gettext("Unmuted"));
    this.#keepVolume();
  }

  volume({ change }) {
    this.setVolume({ volume: this.#video.volume + change });
    this.#say(gettext("Volume %(percent)s%%", { percent: Math.round(this.#video.volume * 100) }));
  }

  setVolume({ volume }) {
    this.#video.volume = Math.min(1, Math.max(0, volume));
    this.#video.muted = this.#video.volume === 0;
    this.#keepVolume();
  }

  rate({ step }) {
    this.setRate({ rate: steppedRate(this.#video.playbackRate, step) });
    this.#say(`${this.#video.playbackRate}×`);
  }

  setRate({ rate }) {
    this.#video.playbackRate = rate;
  }

  #keepVolume() {
    keepPreference("player.sound", { volume: this.#video.volume, muted: this.#video.muted });
  }
}
