/** A file's row as elements: a copy of the page's template, and its parts by name, each looked up once. */

const REFERENCES = ["id", "for", "form", "aria-controls", "aria-describedby", "aria-labelledby"];

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
    /**
     * Its fields are there by name, whether it is on the page or not: a browser looks at every field that is there whenever
     * one is added, to fill it in. So they are on the page only while the row is open.
     */
    this.form = this.part("form");
    this.form.remove();
  }

  get isOpen() {
    return !this.part("fields").hidden;
  }

  open(isOpen = true) {
    if (isOpen === this.isOpen) return;
    const fields = this.part("fields");
    if (isOpen) fields.prepend(this.form);
    else this.form.remove();
    fields.hidden = !isOpen;
    this.element.toggleAttribute("data-open", isOpen);
    this.button("open").ariaExpanded = String(isOpen);
  }

  part(name) {
    return this.#parts.get(name);
  }

  button(action) {
    return this.#buttons.get(action);
  }

  text(name, text) {
    const element = this.part(name);
    // A guest's page has not all of them.
    if (!element) return;
    // Writing the same again would make live regions speak and selections jump.
    if (element.textContent !== text) element.textContent = text;
  }

  /** Puts the text there and shows it, or hides it when there is none. */
  message(name, text) {
    this.text(name, text ?? "");
    showOrHide(this.part(name), Boolean(text));
  }

  /** A look as `lookOf` gives it. */
  show({ state, parts, buttons, texts }) {
    if (this.element.dataset.state !== state) this.element.dataset.state = state;
    for (const [name, isShown] of Object.entries(parts)) showOrHide(this.part(name), isShown);
    for (const [action, isShown] of Object.entries(buttons)) showOrHide(this.button(action), isShown);
    for (const [name, text] of Object.entries(texts)) this.text(name, text);
  }

  /** Figures as `figuresOf` gives them. */
  showFigures({ max, value, words, happened = "", next = "" }) {
    const bar = this.part("bar");
    bar.max = max;
    bar.value = value;
    bar.setAttribute("aria-valuetext", words);
    for (const [name, text] of Object.entries({ figures: words, happened, next })) this.text(name, text);
  }

  /** Where the video will be watched. */
  link(url) {
    this.part("watch-link").href = url;
    this.text("watch-link", url);
    this.part("watch").href = url;
  }
}

/** Only what differs: writing an attribute costs, the same again too. */
function showOrHide(element, isShown) {
  if (element && element.hidden === isShown) element.hidden = !isShown;
}

/** Its id, and what refers to others', belong to this row alone. */
function makeOwn(element) {
  for (const name of REFERENCES) {
    if (element.hasAttribute(name)) element.setAttribute(name, `${element.getAttribute(name)}-${rows}`);
  }
  // Firefox no longer finds a field by its name when an id that was the same has changed, unless it is named again.
  const { name } = element;
  if (element.hasAttribute("name")) {
    element.removeAttribute("name");
    element.setAttribute("name", name);
  }
}
