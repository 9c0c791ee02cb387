/** The moment that stands on the page, made the video's picture: for its owner. */

import { gettext } from "../common/i18n.js";
import { Preparing } from "../common/preparing.js";
import { reasonOf } from "../common/reasons.js";
import { showToast } from "../common/toast.js";
import { UploadApi } from "../common/uploads_api.js";

/** What chooses it; `root` are the owner's videos at upload_svc. */
export function pictureChooser(video, { root, id }) {
  const api = new UploadApi({ root });
  const preparing = new Preparing(async () => [await api.read(id)]);
  let closeToast = () => {};

  function say(words, action = null) {
    closeToast();
    closeToast = showToast(words, { action });
  }

  return async () => {
    const atMs = Math.floor(video.currentTime * 1000);
    say(gettext("Saving this moment as the picture…"));
    try {
      await api.choosePoster(id, atMs);
    } catch (failure) {
      const { reason, action } = reasonOf(failure);
      say(gettext("Couldn’t change the picture. %(reason)s", { reason }), action);
      return;
    }
    preparing.add(id, (media) => {
      if (media?.state === "ready") say(gettext("Picture changed."));
      else if (media?.state === "failed") say(gettext("Couldn’t change the picture. %(reason)s", { reason: media.detail ?? "" }));
      else say(gettext("The picture isn’t ready yet. It will change by itself."));
    });
  };
}
