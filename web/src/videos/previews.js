/** Rows whose previews are being prepared get them as soon as they are there. */

import { readPage } from "../common/pages.js";
import { Preparing } from "../common/preparing.js";

export function fillPreviews(page) {
  const rowOf = (id) => page.querySelector(`[data-list] [data-video="${id}"]`);
  const preparing = new Preparing(async () => {
    if (document.hidden) return [];
    const fresh = await readPage(location.href);
    const rows = [...(fresh?.querySelectorAll("[data-list] [data-video]") ?? [])];
    return rows.map((row) => ({ id: row.dataset.video, media: { state: row.querySelector("[data-preparing]") ? "preparing" : "ready", row } }));
  });
  for (const words of page.querySelectorAll("[data-list] [data-preparing]")) {
    const { video } = words.closest("[data-video]").dataset;
    preparing.add(video, (media) => {
      const row = rowOf(video);
      if (!media || !row) return;
      row.querySelector(".poster").replaceWith(media.row.querySelector(".poster"));
      const failed = media.row.querySelector(".video-preview");
      const said = row.querySelector("[data-preparing]");
      if (failed) said?.replaceWith(failed);
      else said?.remove();
    });
  }
}
