/** SHA-256 of one part, as the storage compares it: in base64. Rejects when the part cannot be read. */
export async function digestOf(blob) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return btoa(String.fromCharCode(...digest));
}
