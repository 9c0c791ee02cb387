/** Videos in a list whose previews are being prepared get them as soon as they are there, without a reload. */

import { readPage } from "./pages.js";
import { Preparing } from "./preparing.js";

const VIDEOS = "[data-list] [data-video]";

/** `fill(shown, fresh)` is called with the element of each whose picture has come, and with what it would be now. */
export function fillPreviews(fill = () => {}) {
  const preparing = new Preparing(async () => {
    if (document.hidden) return [];
    const fresh = await readPage(location.href);
    const videos = [...(fresh?.querySelectorAll(VIDEOS) ?? [])];
    return videos.map((video) => ({ id: video.dataset.video, media: { state: isPreparing(video) ? "preparing" : "ready", video } }));
  });
  for (const { dataset } of [...document.querySelectorAll(VIDEOS)].filter(isPreparing)) {
    preparing.add(dataset.video, (media) => {
      const shown = document.querySelector(`${VIDEOS}[data-video="${dataset.video}"]`);
      if (!media || !shown) return;
      shown.removeAttribute("data-preparing");
      shown.querySelector(".poster").replaceWith(media.video.querySelector(".poster"));
      fill(shown, media.video);
    });
  }
}

function isPreparing(video) {
  return video.matches("[data-preparing]") || video.querySelector("[data-preparing]") !== null;
}
