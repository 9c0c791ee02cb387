/** Pages of this service, read to take something out of them. */

/** A page of this service as a document, or null if it cannot be loaded. */
export async function readPage(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null;
  }
}
