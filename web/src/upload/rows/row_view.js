/** A file's row as elements: a copy of the page's template, and its parts by name, each looked up once. */

const REFERENCES = ["id", "for", "form", "aria-describedby", "aria-labelledby", "popovertarget"];

let rows = 0;

export class RowView {
  #parts = new Map();
  #buttons = new Map();
  #visibility;

  constructor(template) {
    this.element = template.content.firstElementChild.cloneNode(true);
    rows += 1;
    for (const element of this.element.querySelectorAll("*")) {
      if (element.dataset.part) this.#parts.set(element.dataset.part, element);
      if (element.dataset.action) this.#buttons.set(element.dataset.action, element);
      makeOwn(element);
    }
    /** Its fields are there by name, whether it is on the page or not. */
    this.form = this.part("form");
    this.#visibility = this.part("link-visibility").closest(".visibility");
  }

  /**
   * Closes the form and takes its fields off the page until somebody uses the row: a browser looks at every field that is
   * there whenever one is added, to fill it in.
   */
  fold() {
    const details = this.part("fields");
    details.open = false;
    this.form.remove();
    this.#visibility.remove();
    details.addEventListener("toggle", () => details.open && this.unfold());
  }

  unfold() {
    const details = this.part("fields");
    details.open = true;
    if (!this.form.isConnected) details.append(this.form);
    this.showVisibility();
  }

  /** The control of who can watch, beside the link. */
  showVisibility() {
    if (!this.#visibility.isConnected) this.button("copy").after(this.#visibility);
  }

  /** Closes the fields, but not while somebody is typing in them. */
  foldUnlessTypedIn() {
    const details = this.part("fields");
    details.open = details.contains(document.activeElement);
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

  /** Below the fields; the same once more is heard once more. */
  say(words) {
    this.part("saved").textContent = words;
  }

  /** Puts the text there and shows it, or hides it when there is none. */
  message(name, text) {
    this.text(name, text ?? "");
    showOrHide(this.part(name), Boolean(text));
  }

  /** A look as `lookOf` gives it. */
  show({ state, parts, buttons, texts, canCopy }) {
    if (this.element.dataset.state !== state) this.element.dataset.state = state;
    for (const [name, isShown] of Object.entries(parts)) showOrHide(this.part(name), isShown);
    for (const [action, isShown] of Object.entries(buttons)) showOrHide(this.button(action), isShown);
    for (const [name, text] of Object.entries(texts)) this.text(name, text);
    this.button("copy").disabled = !canCopy;
  }

  /** Figures as `figuresOf` gives them. */
  showFigures({ max, value, words, figures, happened = "", next = "" }) {
    const bar = this.part("bar");
    bar.max = max;
    bar.value = value;
    bar.setAttribute("aria-valuetext", words);
    for (const [name, text] of Object.entries({ figures, happened, next })) this.text(name, text);
  }

  /** Where the video will be watched. */
  link(url) {
    this.part("watch-link").href = url;
    this.text("watch-link", url);
    this.part("watch").href = url;
  }

  poster(size) {
    this.element.querySelector(".poster").dataset.hue = size % 12;
  }
}

/** Only what differs: writing an attribute costs, the same again too. */
function showOrHide(element, isShown) {
  if (element.hidden === isShown) element.hidden = !isShown;
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
