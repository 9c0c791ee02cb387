/** Numbers as people read them, in the page's language: sizes, rates, shares of a whole, spans of time. */

import { gettext } from "./i18n.js";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** 12400000 → "12.4 MB". Decimal units, as the pages and every shop use them. */
export function formatSize(bytes, language) {
  const { value, unit } = scaled(bytes);
  if (unit === "byte") return number(value, language, { style: "unit", unit, unitDisplay: "long" });
  return number(value, language, { style: "unit", unit, unitDisplay: "short", minimumFractionDigits: 1 });
}

/** 5200000 of 12400000 → `{sent: "5.2", total: "12.4 MB"}`: both in the whole's unit. */
export function formatPart(bytes, total, language) {
  const { value, unit } = scaled(total);
  const sent = number(value * (bytes / (total || 1)), language, unit === "byte" ? { maximumFractionDigits: 0 } : { minimumFractionDigits: 1 });
  return { sent, total: formatSize(total, language) };
}

/** 12400000 → "12.4 MB/s". */
export function formatRate(bytesPerSecond, language) {
  const { value, unit } = scaled(Math.max(bytesPerSecond, 1000));
  return number(value, language, { style: "unit", unit: `${unit}-per-second`, unitDisplay: "short", minimumFractionDigits: 1 });
}

/** 250000 bytes a second → "2", the megabits a second by which lines are sold. */
export function formatMegabits(bytesPerSecond, language) {
  return number((bytesPerSecond * 8) / 1_000_000, language, {});
}

/** 0.431 → "43%", rounded down. */
export function formatShare(share, language) {
  const percent = Math.floor(share * 100) / 100;
  return number(percent, language, { style: "percent", maximumFractionDigits: 0 });
}

/** The day of an instant, in the reader's time zone: "30 Nov 2026". */
export function formatDay(date, language) {
  return new Intl.DateTimeFormat(localeOf(language), { dateStyle: "medium" }).format(date);
}

/** An instant in full, in the reader's time zone: "Monday 30 November 2026 at 14:05". */
export function formatMoment(date, language) {
  return new Intl.DateTimeFormat(localeOf(language), { dateStyle: "full", timeStyle: "short" }).format(date);
}

/** English as everything else here is written; and the same figures in every language. */
function localeOf(language) {
  return language === "en" ? "en-GB" : `${language}-u-nu-latn`;
}

/** 95 → "2 min left": rounded up, and coarser the longer it takes. */
export function formatTimeLeft(seconds) {
  if (seconds < 60) return gettext("%(seconds)s s left", { seconds: Math.max(1, Math.ceil(seconds)) });
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return gettext("%(minutes)s min left", { minutes });
  return gettext("%(hours)s h %(minutes)s min left", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

function scaled(bytes) {
  let value = bytes;
  let step = 0;
  // 999.95 would be shown as 1,000.0: the next unit says it better.
  while (value >= 999.95 && step < UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  return { value, unit: UNITS[step] };
}

// Making a format costs far more than using it.
const formats = new Map();

function number(value, language, options) {
  const key = JSON.stringify([language, options]);
  // The same figures as in what the server says, in every language.
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(`${language}-u-nu-latn`, { maximumFractionDigits: 1, ...options }));
  return formats.get(key).format(value);
}
