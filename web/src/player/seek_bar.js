/** The time axis: what is played and buffered, the time under the pointer, and seeking by pointer, key or voice. */

import { knownLength } from "./reach.js";
import { bufferedGradient, isBuffered, labelPlace, timeAt } from "./seek.js";
import { clockTime, spokenPlace } from "./times.js";

const BUFFERED_COLOUR = "oklch(1 0 0 / 45%)";

/**
 * `bar` holds a range input, which keys and screen readers work; pointers work the whole bar, so that what is shown
 * under one is where it leads. `seek` is told `{seconds}`.
 */
export class SeekBar {
  #bar;
  #video;
  #range;
  #label;
  #seek;
  #dragged = null;

  constructor(bar, video, { seek }) {
    this.#bar = bar;
    this.#video = video;
    this.#range = bar.querySelector("input");
    this.#label = bar.querySelector("[data-seek-time]");
    this.#seek = seek;
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

  #begin(event) {
    if (event.button !== 0 || !(knownLength(this.#video) > 0)) return;
    event.preventDefault();
    this.#bar.setPointerCapture(event.pointerId);
    this.#drag(event);
  }

  #move(event) {
    if (!(knownLength(this.#video) > 0)) return;
    if (this.isDragged) this.#drag(event);
    else if (event.pointerType === "mouse") this.#showLabel(event.clientX);
  }

  #drag(event) {
    this.#dragged = this.#timeAt(event.clientX);
    this.#showLabel(event.clientX);
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

  #showLabel(x) {
    const box = this.#bar.getBoundingClientRect();
    this.#label.hidden = false;
    this.#label.textContent = clockTime(this.#timeAt(x), knownLength(this.#video));
    this.#label.style.left = `${labelPlace(x, box, this.#label.offsetWidth)}px`;
    this.#bar.style.setProperty("--hover", `${(timeAt(x, box, 1) * 100).toFixed(2)}%`);
  }

  #hideLabel() {
    if (this.isDragged) return;
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
