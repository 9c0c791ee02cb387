/** The sizes of a player: full screen, picture in picture, and theatre mode, which takes the page's width. */

import { keepPreference, preference } from "../common/preferences.js";

export class Screen {
  #player;
  #video;

  constructor(player, video) {
    this.#player = player;
    this.#video = video;
    this.#setTheatre(preference("player.theatre", false) === true);
  }

  get canFullscreen() {
    return Boolean(document.fullscreenEnabled || this.#video.webkitEnterFullscreen);
  }

  get canPip() {
    return Boolean(document.pictureInPictureEnabled);
  }

  get isFullscreen() {
    return document.fullscreenElement === this.#player;
  }

  get isTheatre() {
    return "theatre" in this.#player.dataset;
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    // The whole player, so that its controls come with it; an iPhone gives the screen to a video alone.
    else if (document.fullscreenEnabled) this.#player.requestFullscreen().catch(() => {});
    else this.#video.webkitEnterFullscreen?.();
  }

  pip() {
    if (document.pictureInPictureElement) document.exitPictureInPicture();
    else this.#video.requestPictureInPicture().catch(() => {});
  }

  theatre() {
    if (this.isFullscreen) return;
    this.#setTheatre(!this.isTheatre);
    keepPreference("player.theatre", this.isTheatre);
  }

  #setTheatre(isOn) {
    this.#player.toggleAttribute("data-theatre", isOn);
    this.#player.dispatchEvent(new Event("theatrechange"));
  }
}
