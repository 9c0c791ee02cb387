/** Rows that leave a list and may come back to their place. */

/** Removes a row. `putBack` returns it to its place; `following` is a control of the row that moved up. */
export function takeRow(row) {
  const list = row.parentElement;
  const next = row.nextElementSibling;
  const previous = row.previousElementSibling;
  row.querySelector("dialog[open]")?.close();
  row.remove();
  return {
    putBack() {
      // Its neighbours may have gone meanwhile, too.
      if (next?.isConnected) next.before(row);
      else if (previous?.isConnected) previous.after(row);
      else list.prepend(row);
    },
    following() {
      const neighbour = [next, previous].find((other) => other?.isConnected) ?? list.firstElementChild;
      return neighbour?.querySelector("button, a.button") ?? null;
    },
  };
}
