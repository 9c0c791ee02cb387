/** What a person once chose, kept in this browser. */

const PREFIX = "vss.";

/** The kept value, or `otherwise` where nothing was kept or nothing may be. */
export function preference(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keepPreference(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Private windows and full stores: it holds for this page then.
  }
}
