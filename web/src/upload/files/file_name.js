/** A file's name as the server keeps it, and the title to begin with that is made from it. */

/** The same for the same file, as far as a browser tells. */
export function identityOf({ name, size, lastModified }) {
  return `${name}\0${size}\0${lastModified}`;
}

/** NFC, without control characters and those that turn the writing direction: some systems put them into names. */
export function cleanName(name) {
  return name
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "")
    .trimEnd();
}

/** "My_Holiday.2026-final.MP4" → "My Holiday 2026-final". Empty when the name holds nothing to read. */
export function titleFromFileName(name, longest = 200) {
  const words = cleanName(name)
    .replace(/(?<=.)\.[a-z0-9]{1,5}$/i, "")
    .replace(/_+/g, " ")
    // Dots between words are spaces; between figures ("v1.2", "10.30") they are part of what is said.
    .replace(/\.(?!\d)|(?<!\d)\./g, " ")
    .replace(/\s+/g, " ")
    .trim();
  const letters = [...words];
  return letters.length > longest ? letters.slice(0, longest).join("").trim() : words;
}
