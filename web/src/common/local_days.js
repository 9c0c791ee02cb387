/** Days as they are where the reader is; the server can only say those of UTC. */

import { formatDay } from "./format.js";

export function localDays(page) {
  for (const time of page.querySelectorAll("time[data-day]")) {
    time.textContent = formatDay(new Date(time.dateTime), document.documentElement.lang);
  }
}
