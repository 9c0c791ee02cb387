/** The arithmetic of the time axis, which goes from left to right in every language. */

/** Which second lies under the pointer at `x`; `box` is the axis' place in the same pixels. */
export function timeAt(x, box, duration) {
  if (!(box.width > 0)) return 0;
  return Math.min(1, Math.max(0, (x - box.left) / box.width)) * duration;
}

/** The middle of a label of that width above `x`, so that it stays over the axis. */
export function labelPlace(x, box, width) {
  const half = Math.min(width, box.width) / 2;
  return Math.min(box.width - half, Math.max(half, x - box.left));
}

/** What is here already, as a CSS gradient in `colour`; `ranges` is a TimeRanges or alike. */
export function bufferedGradient(ranges, duration, colour) {
  const stops = [];
  for (let index = 0; index < ranges.length && duration > 0; index += 1) {
    const from = percent(ranges.start(index), duration);
    const to = percent(ranges.end(index), duration);
    stops.push(`transparent ${from}`, `${colour} ${from}`, `${colour} ${to}`, `transparent ${to}`);
  }
  return stops.length > 0 ? `linear-gradient(to right, ${stops.join(", ")})` : "none";
}

/** Whether that second can be shown without fetching. */
export function isBuffered(ranges, seconds) {
  for (let index = 0; index < ranges.length; index += 1) {
    if (ranges.start(index) <= seconds && seconds < ranges.end(index)) return true;
  }
  return false;
}

function percent(seconds, duration) {
  return `${Math.round((seconds / duration) * 10_000) / 100}%`;
}
