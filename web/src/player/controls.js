/** The row of buttons below the time axis: each shows how things stand, and says a command. */

import { gettext } from "../common/i18n.js";
import { Menu } from "./menu.js";
import { knownLength } from "./reach.js";
import { SeekBar } from "./seek_bar.js";
import { clockTime } from "./times.js";

export class Controls {
  #box;
  #player;
  #video;
  #screen;

  /** `commands` maps the actions of keys.js, and `pip` and `help`, to what they do; `renditions` are what else there is to play. */
  constructor(box, { player, video, screen, commands, renditions }) {
    this.#box = box;
    this.#player = player;
    this.#video = video;
    this.#screen = screen;
    const storyboard = video.dataset.storyboard ? JSON.parse(video.dataset.storyboard) : null;
    this.seekBar = new SeekBar(box.querySelector("[data-seek]"), video, { seek: commands.seek, storyboard });
    this.menu = new Menu(this.#button("menu"), box.querySelector("[data-menu-items]"), video, {
      setRate: commands.setRate,
      pictures: commands.pictures,
      renditions,
    });
    for (const name of ["toggle", "mute", "pip", "theatre", "fullscreen", "help"]) {
      this.#button(name).addEventListener("click", () => commands[name]());
    }
    this.#button("back").addEventListener("click", () => commands.skip({ seconds: -10 }));
    this.#button("forward").addEventListener("click", () => commands.skip({ seconds: 10 }));
    this.#volume.addEventListener("input", () => commands.setVolume({ volume: Number(this.#volume.value) }));
    this.#button("pip").hidden = !screen.canPip;
    this.#button("fullscreen").hidden = !screen.canFullscreen;

    for (const name of ["timeupdate", "seeking", "durationchange"]) video.addEventListener(name, () => this.#drawTime());
    video.addEventListener("volumechange", () => this.#drawSound());
    document.addEventListener("fullscreenchange", () => this.#drawScreen());
    player.addEventListener("theatrechange", () => this.#drawScreen());
    this.#drawTime();
    this.#drawSound();
    this.#drawScreen();
  }

  /** Shows the player's state (state.js). */
  drawState(state) {
    const words = state === "ended" ? gettext("Play again") : this.#video.paused ? gettext("Play") : gettext("Pause");
    this.#label("toggle", words, "k");
  }

  #drawTime() {
    const { currentTime, duration } = this.#video;
    const length = knownLength(this.#video);
    if (Number.isNaN(length)) return;
    this.#box.querySelector("[data-time-now]").textContent = clockTime(currentTime, length);
    // As far as it has come is not how long it is.
    if (Number.isFinite(duration)) this.#box.querySelector("[data-time-whole]").textContent = clockTime(duration);
  }

  #drawSound() {
    const { volume, muted } = this.#video;
    const heard = muted ? 0 : volume;
    this.#player.dataset.sound = heard === 0 ? "off" : heard < 0.5 ? "low" : "high";
    this.#volume.value = String(heard);
    this.#volume.style.setProperty("--share", `${heard * 100}%`);
    this.#volume.setAttribute("aria-valuetext", `${Math.round(heard * 100)} %`);
    this.#label("mute", muted ? gettext("Unmute") : gettext("Mute"), "m");
  }

  #drawScreen() {
    const { isFullscreen, isTheatre } = this.#screen;
    this.#player.toggleAttribute("data-fullscreen", isFullscreen);
    this.#label("fullscreen", isFullscreen ? gettext("Exit full screen") : gettext("Full screen"), "f");
    this.#label("theatre", isTheatre ? gettext("Exit theatre mode") : gettext("Theatre mode"), "t");
  }

  #label(name, words, key) {
    const button = this.#button(name);
    button.setAttribute("aria-label", words);
    button.title = `${words} (${key})`;
  }

  #button(name) {
    return this.#box.querySelector(`[data-command="${name}"]`);
  }

  get #volume() {
    return this.#box.querySelector("[data-volume]");
  }
}
