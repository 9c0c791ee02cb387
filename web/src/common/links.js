/** Links for people without an account, in the dialog by which a video is shared: those that there are, and a new one. */

import { formatDay } from "./format.js";
import { gettext, ngettext } from "./i18n.js";
import { showToast } from "./toast.js";
import { UploadApi } from "./uploads_api.js";

const DAY_MS = 24 * 3600 * 1000;

/** Shows them each time that the dialog of the owner's video opens. */
export function dialogLinks(dialog) {
  const section = dialog.querySelector("[data-links]");
  if (!section) return;
  const api = new UploadApi({ root: section.dataset.links });
  const list = section.querySelector("[data-link-list]");
  const form = section.querySelector("[data-new-link]");
  const attempt = attemptsOf(section.querySelector("[data-link-error]"));
  const id = dialog.dataset.shareDialog;
  section.hidden = false;

  dialog.addEventListener("opening", () => attempt(async () => list.replaceChildren(...(await api.links(id)).map(item))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(create, form.querySelector("button"));
  });

  async function create() {
    const { days, views, password, sites = "", name } = Object.fromEntries(new FormData(form));
    const frameAncestors = sites.split(/[\s,]+/).filter(Boolean);
    const link = await api.createLink(id, {
      ...(days && { expires_at: new Date(Date.now() + days * DAY_MS).toISOString() }),
      ...(views && { view_limit: Number(views) }),
      ...(password && { password }),
      ...(frameAncestors.length > 0 && { frame_ancestors: frameAncestors }),
      ...(name.trim() && { name: name.trim() }),
    });
    form.reset();
    list.prepend(item(link));
    list.querySelector(link.embed_html ? "textarea" : "input").select();
    // Else it is selected, to be copied by hand.
    if (link.embed_html) await copy(link.embed_html, gettext("Embed code copied. It can’t be shown again."));
    else await copy(link.url, gettext("Link copied. It can’t be shown again."));
  }

  async function copy(text, words) {
    await navigator.clipboard.writeText(text).then(() => showToast(words), () => {});
  }

  async function revoke(link, row) {
    await api.revokeLink(id, link.id);
    row.remove();
    form.querySelector("button").focus();
    showToast(gettext("Link revoked."));
  }

  function item(link) {
    const row = document.createElement("li");
    if (link.url) {
      row.append(shownOnce("input", gettext("New link"), link.url));
      if (link.embed_html) row.append(shownOnce("textarea", gettext("Embed code"), link.embed_html));
    }
    const words = document.createElement("span");
    words.className = "small";
    words.textContent = said(link).join(" · ");
    if (link.name) words.prepend(Object.assign(document.createElement("bdi"), { textContent: link.name }), " · ");
    const button = Object.assign(document.createElement("button"), { className: "button", type: "button", textContent: gettext("Revoke") });
    button.dataset.look = "quiet";
    button.addEventListener("click", () => attempt(() => revoke(link, row), button));
    row.append(words, button);
    return row;
  }
}

function shownOnce(element, label, value) {
  const field = Object.assign(document.createElement(element), { className: "field", dir: "ltr", readOnly: true, value });
  field.setAttribute("aria-label", label);
  return field;
}

/** Does work that may fail, whose button cannot be pressed meanwhile; `error` says why it has failed. */
export function attemptsOf(error) {
  return async (work, button = null) => {
    error.hidden = true;
    if (button) button.disabled = true;
    try {
      await work();
    } catch (failure) {
      error.textContent = failure.errors?.[0]?.detail ?? failure.detail ?? gettext("The server isn’t responding. Try again.");
      error.hidden = false;
    } finally {
      if (button) button.disabled = false;
    }
  };
}

/** What is to know of a link, in a few words each. */
function said({ expires_at: end, view_limit: limit, views, has_password: hasPassword, created_at: made, frame_ancestors: sites }) {
  const language = document.documentElement.lang;
  const when = (instant) => formatDay(new Date(instant), language);
  const hasEnded = (end && new Date(end) <= new Date()) || (limit !== null && views >= limit);
  const words = [limit === null ? ngettext("%(count)s view", "%(count)s views", views, { count: views }) : gettext("%(views)s of %(limit)s views", { views, limit })];
  if (hasEnded) words.unshift(gettext("Ended"));
  words.push(end ? gettext("until %(when)s", { when: when(end) }) : gettext("created %(when)s", { when: when(made) }));
  if (hasPassword) words.push(gettext("with a password"));
  if (sites.length > 0) words.push(gettext("embedded on %(sites)s", { sites: sites.map((site) => site.replace("https://", "")).join(", ") }));
  return words;
}
