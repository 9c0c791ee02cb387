/** Times say on hover when that was, where the reader is; the server can only say it in UTC. */

import { formatMoment } from "../common/format.js";

export function localTimes(page = document) {
  page.addEventListener("pointerover", ({ target }) => {
    const time = target.closest("time[datetime]");
    if (time) time.title = formatMoment(new Date(time.dateTime), document.documentElement.lang);
  });
}
