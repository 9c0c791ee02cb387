/** Positions in a video, as written and as spoken; all in seconds. */

import { gettext, ngettext } from "../common/i18n.js";

/** 3723.9 → "1:02:03", 65 → "1:05"; as wide as the whole duration `of` the video, so that nothing jumps. */
export function clockTime(seconds, of = seconds) {
  const { hours, minutes, rest } = parts(seconds);
  const longest = parts(Math.max(of, seconds));
  const two = (number) => String(number).padStart(2, "0");
  if (longest.hours > 0) return `${hours}:${two(minutes)}:${two(rest)}`;
  return `${longest.minutes > 9 ? two(minutes) : minutes}:${two(rest)}`;
}

/** 3723.9 → "1 hour 2 minutes 3 seconds". */
export function spokenTime(seconds) {
  const { hours, minutes, rest } = parts(seconds);
  const words = [];
  if (hours > 0) words.push(ngettext("%(n)s hour", "%(n)s hours", hours));
  if (minutes > 0) words.push(ngettext("%(n)s minute", "%(n)s minutes", minutes));
  if (rest > 0 || words.length === 0) words.push(ngettext("%(n)s second", "%(n)s seconds", rest));
  return words.join(" ");
}

/** "1 minute 5 seconds of 2 minutes 22 seconds". */
export function spokenPlace(seconds, duration) {
  return gettext("%(time)s of %(duration)s", { time: spokenTime(seconds), duration: spokenTime(duration) });
}

function parts(seconds) {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  return { hours: Math.floor(whole / 3600), minutes: Math.floor(whole / 60) % 60, rest: whole % 60 };
}
