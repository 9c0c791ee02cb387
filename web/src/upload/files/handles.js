/**
 * File handles, kept with their uploads, so that one click resumes after the page was closed. Only some browsers have
 * them; if anything fails, the person chooses the file again.
 */

const DATABASE = "vss-files";
const STORE = "handles";

export function keepHandle(uploadId, handle) {
  return inStore("readwrite", (store) => store.put(handle, uploadId));
}

/** The handle, or null. */
export async function findHandle(uploadId) {
  return (await inStore("readonly", (store) => store.get(uploadId))) ?? null;
}

export function forgetHandle(uploadId) {
  return inStore("readwrite", (store) => store.delete(uploadId));
}

/** The file as it is now; null when the person says no, or it is not there any more. To be called by a click. */
export async function fileOf(handle) {
  try {
    const asked = { mode: "read" };
    const known = await handle.queryPermission?.(asked);
    if (known === "prompt" && (await handle.requestPermission(asked)) !== "granted") return null;
    return await handle.getFile();
  } catch {
    return null;
  }
}

/** The handles of dropped files, as promises in the order of `dataTransfer.files`. To be called while the event is handled. */
export function handlesIn(dataTransfer) {
  return [...(dataTransfer.items ?? [])]
    .filter((item) => item.kind === "file")
    .map((item) => item.getAsFileSystemHandle?.().catch(() => null) ?? null);
}

/** What the request in `use` gives; null when this browser keeps nothing. */
async function inStore(mode, use) {
  let database;
  try {
    database = await opened();
    const request = use(database.transaction(STORE, mode).objectStore(STORE));
    return await new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } catch {
    return null;
  } finally {
    database?.close();
  }
}

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
