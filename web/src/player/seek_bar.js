/** The time axis: what is played and buffered, the time under the pointer, and seeking by pointer, key or voice. */

import { systemClock } from "../common/clock.js";
import { knownLength } from "./reach.js";
import { bufferedGradient, isBuffered, labelPlace, timeAt } from "./seek.js";
import { Storyboard } from "./storyboard.js";
import { clockTime, spokenPlace } from "./times.js";

const BUFFERED_COLOUR = "oklch(1 0 0 / 45%)";
// As long as one looks at what a key has led to.
const GLANCE_MS = 1_500;

/**
 * `bar` holds a range input, which keys and screen readers work; pointers work the whole bar, so that what is shown
 * under one is where it leads. `seek` is told `{seconds}`; `storyboard` are the URLs of one, or null.
 */
export class SeekBar {
  #bar;
  #video;
  #range;
  #label;
  #time;
  #storyboard;
  #seek;
  #clock;
  #dragged = null;
  #seconds = 0;
  #stopGlance = () => {};

  constructor(bar, video, { seek, storyboard, clock = systemClock }) {
    this.#bar = bar;
    this.#video = video;
    this.#range = bar.querySelector("input");
    this.#label = bar.querySelector("[data-seek-label]");
    this.#time = bar.querySelector("[data-seek-time]");
    this.#storyboard = new Storyboard(bar.querySelector("[data-seek-picture]"), storyboard, { changed: () => this.#placeLabel() });
    this.#seek = seek;
    this.#clock = clock;
    this.#range.addEventListener("input", () => seek({ seconds: Number(this.#range.value) }));
    bar.addEventListener("pointerdown", (event) => this.#begin(event));
    bar.addEventListener("pointermove", (event) => this.#move(event));
    bar.addEventListener("pointerup", (event) => this.#end(event));
    bar.addEventListener("pointercancel", () => this.#stop());
    bar.addEventListener("pointerleave", () => this.#hideLabel());
    for (const name of ["timeupdate", "seeking", "durationchange", "loadedmetadata", "canplay", "progress"]) {
      video.addEventListener(name, () => this.#draw());
    }
    this.#draw();
  }

  get isDragged() {
    return this.#dragged !== null;
  }

  /** Shows for a moment what is where the keyboard has just led. */
  glance(seconds) {
    if (!this.#storyboard.isThere || this.isDragged || !(knownLength(this.#video) > 0)) return;
    this.#showLabel(seconds);
    this.#stopGlance = this.#clock.after(GLANCE_MS, () => this.#hideLabel());
  }

  #begin(event) {
    if (event.button !== 0 || !(knownLength(this.#video) > 0)) return;
    event.preventDefault();
    this.#bar.setPointerCapture(event.pointerId);
    this.#drag(event);
  }

  #move(event) {
    if (!(knownLength(this.#video) > 0)) return;
    if (this.isDragged) this.#drag(event);
    else if (event.pointerType === "mouse") this.#hover(event.clientX);
  }

  #drag(event) {
    this.#dragged = this.#timeAt(event.clientX);
    this.#hover(event.clientX);
    this.#draw();
    // What is here is shown at once; for the rest the hand is waited for.
    if (isBuffered(this.#video.buffered, this.#dragged)) this.#seek({ seconds: this.#dragged });
  }

  #end(event) {
    if (!this.isDragged) return;
    const seconds = this.#timeAt(event.clientX);
    this.#stop();
    this.#seek({ seconds });
    if (event.pointerType !== "mouse") this.#hideLabel();
  }

  #stop() {
    this.#dragged = null;
    this.#draw();
  }

  #timeAt(x) {
    return timeAt(x, this.#bar.getBoundingClientRect(), knownLength(this.#video));
  }

  #hover(x) {
    this.#showLabel(this.#timeAt(x));
    this.#bar.style.setProperty("--hover", `${(timeAt(x, this.#bar.getBoundingClientRect(), 1) * 100).toFixed(2)}%`);
  }

  #showLabel(seconds) {
    this.#stopGlance();
    this.#seconds = Math.min(knownLength(this.#video), Math.max(0, seconds));
    this.#label.hidden = false;
    this.#time.textContent = clockTime(this.#seconds, knownLength(this.#video));
    this.#storyboard.show(this.#seconds);
    this.#placeLabel();
  }

  #placeLabel() {
    const box = this.#bar.getBoundingClientRect();
    const x = box.left + (this.#seconds / knownLength(this.#video)) * box.width;
    this.#label.style.left = `${labelPlace(x, box, this.#label.offsetWidth)}px`;
  }

  #hideLabel() {
    if (this.isDragged) return;
    this.#stopGlance();
    this.#label.hidden = true;
    this.#bar.style.removeProperty("--hover");
  }

  #draw() {
    const { buffered, currentTime } = this.#video;
    const duration = knownLength(this.#video);
    // While a source is exchanged the element knows nothing for a moment; what was shown stays.
    if (Number.isNaN(duration)) return;
    const seconds = this.#dragged ?? currentTime;
    this.#range.max = String(duration);
    this.#range.value = String(seconds);
    this.#range.disabled = false;
    this.#range.setAttribute("aria-valuetext", spokenPlace(seconds, duration));
    this.#bar.style.setProperty("--played", `${duration > 0 ? ((seconds / duration) * 100).toFixed(3) : 0}%`);
    this.#bar.style.setProperty("--buffered", bufferedGradient(buffered, duration, BUFFERED_COLOUR));
  }
}
