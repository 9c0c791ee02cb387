/** The mouse and fingers on the picture itself. */

import { Taps } from "./taps.js";

/** A click plays and pauses, a double click fills the screen; fingers do as taps.js says. */
export function listenToHands(video, { commands, still }) {
  const taps = new Taps();
  let isTouch = false;
  video.addEventListener("pointerdown", (event) => {
    isTouch = event.pointerType === "touch";
  });
  video.addEventListener("click", (event) => {
    if (!isTouch) {
      commands.toggle();
      return;
    }
    const box = video.getBoundingClientRect();
    const action = taps.tap(event.timeStamp, (event.clientX - box.left) / box.width);
    if (action.name === "skip") commands.skip(action);
    else if (still.isHidden || video.paused) still.stir();
    else still.hide();
  });
  video.addEventListener("dblclick", () => {
    if (!isTouch) commands.fullscreen();
  });
}
