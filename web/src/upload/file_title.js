/** A title to begin with, from a file's name. */

/** "My_Holiday.2026-final.MP4" → "My Holiday 2026-final". Empty when the name holds nothing to read. */
export function titleFromFileName(name, longest = 200) {
  const stem = name.normalize("NFC").replace(/(?<=.)\.[a-z0-9]{1,5}$/i, "");
  const words = stem
    // Control characters and those that turn the writing direction: the server refuses them in titles.
    .replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, "")
    .replace(/_+/g, " ")
    // Dots between words are spaces; between figures ("v1.2", "10.30") they are part of what is said.
    .replace(/\.(?!\d)|(?<!\d)\./g, " ")
    .replace(/\s+/g, " ")
    .trim();
  const letters = [...words];
  return letters.length > longest ? letters.slice(0, longest).join("").trim() : words;
}
