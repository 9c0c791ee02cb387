/**
 * The order of a list's rows, changed by dragging a row's handle (with a mouse, pen or finger) or by the arrow keys on
 * it. What moves in the document is always the others: a row that is taken out loses the pointer, and the focus.
 */

const FIRST_MOVE_PX = 4;
// So near to the window's edge, the page scrolls along, the faster the nearer.
const EDGE_PX = 72;
const FASTEST_PX = 18;

export class Order {
  #list;
  #told;
  // The row that is being moved, and what stood behind it before.
  #row = null;
  #home = null;
  #drag = null;

  /** `told.moved(row)` while a row is on its way, `told.dropped(row, putBack)` where it stays, `told.back(row)`. */
  constructor(list, told) {
    this.#list = list;
    this.#told = told;
    for (const handle of list.querySelectorAll("[data-handle]")) handle.hidden = false;
    list.addEventListener("pointerdown", (event) => this.#pressed(event));
    list.addEventListener("pointermove", (event) => this.#dragged(event));
    list.addEventListener("pointerup", () => this.#released());
    list.addEventListener("pointercancel", () => this.#cancel());
    list.addEventListener("keydown", (event) => this.#typed(event));
    list.addEventListener("focusout", ({ target }) => !this.#drag && target.matches("[data-handle]") && this.#drop());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#drag) return;
      event.preventDefault();
      this.#cancel();
    });
    // Who leaves the page has put it down.
    addEventListener("pagehide", () => this.#drop());
  }

  #lift(row) {
    if (this.#row === row) return;
    this.#drop();
    this.#row = row;
    this.#home = row.nextElementSibling;
    row.toggleAttribute("data-moving", true);
  }

  #drop() {
    const [row, home] = [this.#row, this.#home];
    if (!row) return;
    this.#settle();
    if (row.nextElementSibling !== home) this.#told.dropped(row, () => this.#putBack(row, home));
  }

  #cancel() {
    const [row, home] = [this.#row, this.#home];
    if (!row) {
      this.#drag = null;
      return;
    }
    this.#settle();
    this.#putBack(row, home);
    this.#told.back(row);
  }

  #settle() {
    this.#row.toggleAttribute("data-moving", false);
    this.#row.style.transform = "";
    this.#row = this.#home = null;
    if (this.#drag) cancelAnimationFrame(this.#drag.frame);
    this.#drag = null;
  }

  #putBack(row, home) {
    if (row.nextElementSibling === home) return;
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    this.#list.insertBefore(row, home?.isConnected ? home : null);
    focused?.focus();
  }

  #step(down) {
    const row = this.#row;
    const other = down ? row.nextElementSibling : row.previousElementSibling;
    if (!other) return false;
    if (down) row.before(other);
    else row.after(other);
    return true;
  }

  #typed(event) {
    const row = event.target.matches("[data-handle]") && event.target.closest("li");
    if (!row || event.ctrlKey || event.metaKey || event.altKey || this.#drag) return;
    const steps = { ArrowDown: [true, 1], ArrowUp: [false, 1], End: [true, Infinity], Home: [false, Infinity] }[event.key];
    if (steps) {
      event.preventDefault();
      this.#lift(row);
      const [down, most] = steps;
      for (let done = 0; done < most && this.#step(down); done += 1);
      row.scrollIntoView({ block: "nearest" });
      this.#told.moved(row);
    } else if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      if (this.#row) this.#drop();
      else {
        this.#lift(row);
        this.#told.moved(row);
      }
    } else if (event.key === "Escape" && this.#row) {
      event.preventDefault();
      this.#cancel();
    }
  }

  #pressed(event) {
    const handle = event.target.closest("[data-handle]");
    if (!handle || !event.isPrimary || event.button !== 0) return;
    const row = handle.closest("li");
    this.#drop();
    handle.setPointerCapture(event.pointerId);
    this.#drag = { row, y: event.clientY, grip: event.clientY - row.getBoundingClientRect().top, from: event.clientY, frame: 0 };
  }

  #dragged(event) {
    const drag = this.#drag;
    if (!drag) return;
    drag.y = event.clientY;
    if (!this.#row) {
      if (Math.abs(drag.y - drag.from) < FIRST_MOVE_PX) return;
      this.#lift(drag.row);
      // `#lift` drops what was lifted before, which there is none of.
      this.#drag = drag;
      this.#scrollAlong();
    }
    this.#follow();
  }

  /** The row under the pointer, and the others where they make room for it. */
  #follow() {
    const { row, y, grip } = this.#drag;
    const top = y - grip;
    const bottom = top + row.offsetHeight;
    const before = row.nextElementSibling;
    row.style.transform = "";
    while (row.nextElementSibling && bottom > middleOf(row.nextElementSibling) && this.#step(true));
    while (row.previousElementSibling && top < middleOf(row.previousElementSibling) && this.#step(false));
    if (row.nextElementSibling !== before) this.#told.moved(row);
    row.style.transform = `translateY(${top - row.getBoundingClientRect().top}px)`;
  }

  #scrollAlong() {
    const drag = this.#drag;
    if (!drag) return;
    const above = EDGE_PX - drag.y;
    const below = drag.y - (innerHeight - EDGE_PX);
    const near = below > 0 ? below : above > 0 ? -above : 0;
    if (near !== 0) {
      scrollBy({ top: Math.sign(near) * Math.min(FASTEST_PX, (Math.abs(near) / EDGE_PX) * FASTEST_PX), behavior: "instant" });
      this.#follow();
    }
    drag.frame = requestAnimationFrame(() => this.#scrollAlong());
  }

  #released() {
    if (this.#row) this.#drop();
    else this.#drag = null;
  }
}

function middleOf(row) {
  const { top, height } = row.getBoundingClientRect();
  return top + height / 2;
}
