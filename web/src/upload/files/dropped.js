/** What was dropped on the page: files as they are, folders with all that is in them. */

import { filesThemselves } from "../../common/file_drag.js";

/**
 * `{files, found}`: those that were dropped themselves, and those from within folders, in the order of their names. To be
 * called while the event is being handled: afterwards it can no longer be read.
 */
export async function filesIn(dataTransfer) {
  const entries = [...(dataTransfer.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return { files: [...dataTransfer.files], found: [] };
  const files = filesThemselves(dataTransfer);
  const found = [];
  for (const entry of entries) if (entry?.isDirectory) await walk(entry, found);
  return { files, found };
}

async function walk(folder, found) {
  for (const entry of await childrenOf(folder)) {
    // What is hidden was not meant.
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory) await walk(entry, found);
    else await new Promise((resolve) => entry.file((file) => resolve(found.push(file)), resolve));
  }
}

async function childrenOf(folder) {
  const reader = folder.createReader();
  const children = [];
  // A reader gives a hundred at a time, and none when there are no more; a folder that cannot be read has none.
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) return children.sort((a, b) => a.name.localeCompare(b.name));
    children.push(...some);
  }
}
