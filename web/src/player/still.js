/** Lets the controls go out of sight while nobody stirs. */

import { systemClock } from "../common/clock.js";

const STILL_MS = 3_000;

export class Still {
  #player;
  #mayHide;
  #clock;
  #stop = () => {};

  /** `mayHide` is asked when the time is up; where it says no, the time begins anew. */
  constructor(player, { mayHide, clock = systemClock }) {
    this.#player = player;
    this.#mayHide = mayHide;
    this.#clock = clock;
    player.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") this.stir();
    });
    player.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && mayHide()) this.hide();
    });
    for (const name of ["focusin", "keydown"]) player.addEventListener(name, () => this.stir());
    this.stir();
  }

  get isHidden() {
    return "still" in this.#player.dataset;
  }

  stir() {
    delete this.#player.dataset.still;
    this.#stop();
    this.#stop = this.#clock.after(STILL_MS, () => (this.#mayHide() ? this.hide() : this.stir()));
  }

  hide() {
    this.#stop();
    this.#player.dataset.still = "";
  }
}
