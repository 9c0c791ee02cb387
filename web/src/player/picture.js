/** The moment that stands on the page, or a file, made the video's picture: for its owner. */

import { gettext } from "../common/i18n.js";
import { Preparing } from "../common/preparing.js";
import { reasonOf } from "../common/reasons.js";
import { showToast } from "../common/toast.js";
import { UploadApi } from "../common/uploads_api.js";

export const PICTURE_TYPES = ["image/jpeg", "image/png", "image/webp"];
const MOST_BYTES = 10 * 2 ** 20;

export class Pictures {
  #video;
  #id;
  #api;
  #moments;
  #sent;
  #closeToast = () => {};

  /** `root` are the owner's videos at upload_svc. */
  constructor(video, { root, id }) {
    this.#video = video;
    this.#id = id;
    this.#api = new UploadApi({ root });
    this.#moments = new Preparing(async () => [await this.#api.read(id)]);
    this.#sent = new Preparing(async () => [{ id, media: (await this.#api.read(id)).media?.sent_picture }]);
  }

  async chooseMoment() {
    // In whole milliseconds, rounded down: the last moment is not behind the end.
    const seconds = Math.floor(this.#video.currentTime * 1000) / 1000;
    this.#say(gettext("Saving this moment as the picture…"));
    await this.#change(() => this.#api.choosePoster(this.#id, seconds), this.#moments);
  }

  async send(file) {
    if (!PICTURE_TYPES.includes(file.type)) this.#sayNot(gettext("Choose a JPEG, PNG or WebP picture."));
    else if (file.size > MOST_BYTES) this.#sayNot(gettext("The picture is larger than 10 MB. Choose a smaller one."));
    else {
      this.#say(gettext("Sending the picture…"));
      await this.#change(async () => {
        await this.#api.sendPicture(this.#id, file);
        this.#say(gettext("Preparing the picture…"));
      }, this.#sent);
    }
  }

  async #change(ask, preparing) {
    try {
      await ask();
    } catch (failure) {
      const { reason, action } = reasonOf(failure);
      this.#sayNot(reason, action);
      return;
    }
    preparing.add(this.#id, (media) => {
      if (media?.state === "ready") this.#say(gettext("Picture changed."));
      else if (media?.state === "failed") this.#sayNot(media.detail ?? "");
      else this.#say(gettext("The picture isn’t ready yet. It will change by itself."));
    });
  }

  #sayNot(reason, action = null) {
    this.#say(gettext("Couldn’t change the picture. %(reason)s", { reason }), action);
  }

  #say(words, action = null) {
    this.#closeToast();
    this.#closeToast = showToast(words, { action });
  }
}
