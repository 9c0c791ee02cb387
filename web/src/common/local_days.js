/** Days, and times of them, as they are where the reader is; the server can only say those of UTC. */

import { formatDay, formatMoment } from "./format.js";

export function localDays(page) {
  for (const time of page.querySelectorAll("time[data-day]")) {
    const format = time.dataset.day === "with-time" ? formatMoment : formatDay;
    time.textContent = format(new Date(time.dateTime), document.documentElement.lang);
  }
}
