/** A file's row as elements: a copy of the page's template, and its parts by name, each looked up once. */

const REFERENCES = ["id", "for", "aria-describedby", "aria-labelledby", "popovertarget"];

let rows = 0;

export class RowView {
  #parts = new Map();
  #buttons = new Map();

  constructor(template) {
    this.element = template.content.firstElementChild.cloneNode(true);
    rows += 1;
    for (const element of this.element.querySelectorAll("*")) {
      if (element.dataset.part) this.#parts.set(element.dataset.part, element);
      if (element.dataset.action) this.#buttons.set(element.dataset.action, element);
      makeOwn(element);
    }
    this.form = this.element.querySelector("form");
  }

  part(name) {
    return this.#parts.get(name);
  }

  button(action) {
    return this.#buttons.get(action);
  }

  text(name, text) {
    const element = this.part(name);
    // Writing the same again would make live regions speak and selections jump.
    if (element.textContent !== text) element.textContent = text;
  }

  /** Shows each of these parts and buttons, or hides it. */
  show({ parts = {}, buttons = {} }) {
    for (const [name, isShown] of Object.entries(parts)) showOrHide(this.part(name), isShown);
    for (const [action, isShown] of Object.entries(buttons)) showOrHide(this.button(action), isShown);
  }
}

/** Only what differs: writing an attribute costs, the same again too. */
function showOrHide(element, isShown) {
  if (element.hidden === Boolean(isShown)) element.hidden = !isShown;
}

/** Its id, and what refers to others', belong to this row alone. */
function makeOwn(element) {
  for (const name of REFERENCES) {
    if (element.hasAttribute(name)) element.setAttribute(name, `${element.getAttribute(name)}-${rows}`);
  }
  // Firefox no longer finds a field by its name when an id that was the same has changed, unless it is named anew.
  const { name } = element;
  if (element.hasAttribute("name")) {
    element.removeAttribute("name");
    element.setAttribute("name", name);
  }
}
