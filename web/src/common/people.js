/** Who may watch, in the dialog by which a video or a collection is shared: those that there are, and another. */

import { formatDay } from "./format.js";
import { gettext, ngettext } from "./i18n.js";
import { attemptsOf } from "./links.js";
import { showToast } from "./toast.js";
import { UploadApi } from "./uploads_api.js";

const DAY_MS = 24 * 3600 * 1000;

/** Shows them each time that the dialog of what is the owner's opens. */
export function dialogPeople(dialog) {
  const section = dialog.querySelector("[data-people]");
  if (!section) return;
  const api = new UploadApi({ root: section.dataset.people });
  const list = section.querySelector("[data-people-list]");
  const form = section.querySelector("[data-new-person]");
  const groups = section.querySelector("[data-groups]");
  const attempt = attemptsOf(section.querySelector("[data-people-error]"));
  // Of a video the choice is its visibility (visibility.js); of a collection it is a grant as well.
  const everybody = dialog.querySelector("[data-everybody]");
  const choice = everybody?.querySelector("select");
  const now = dialog.querySelector(everybody ? "[data-who]" : '[data-now="private"]');
  const nobodyElse = now?.textContent;
  let chosen = [];
  const collections = section.querySelector("[data-collections]");
  const id = dialog.dataset.shareDialog;
  // Somebody else's collection, which they manage.
  const isManaged = dialog.dataset.managed !== undefined;
  section.hidden = false;

  dialog.addEventListener("opening", () =>
    attempt(async () => {
      const grants = await api.people(id);
      list.replaceChildren(...grants.filter(isNamed).map(item));
      if (everybody) showChosen(grants.filter((grant) => !isNamed(grant)));
      else showCollections(await api.sharedCollections(id));
      count();
      const known = await api.grantees();
      const options = known.map(({ subject, name }) => new Option(name, subject));
      groups.querySelector("select").replaceChildren(groups.querySelector("option"), ...options);
      groups.hidden = known.length === 0;
    }),
  );
  choice?.addEventListener("change", () => attempt(choose, choice));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(share, form.querySelector("button"));
  });

  async function share() {
    const { username, group, days, right } = Object.fromEntries(new FormData(form));
    const end = days && { expires_at: new Date(Date.now() + days * DAY_MS).toISOString() };
    const [person] = username.trim() ? await api.grantees(username.trim()) : [];
    if (username.trim() ? !person : !group) {
      form.elements.username.focus();
      throw { detail: username.trim() ? gettext("There’s no account with this username.") : gettext("Enter a username or choose a group.") };
    }
    const names = [];
    for (const subject of [person?.subject, group].filter(Boolean)) {
      const grant = await api.shareWith(id, { subject, ...end, ...(right && { right }) });
      list.querySelector(`[data-subject="${grant.subject}"]`)?.remove();
      list.prepend(item(grant));
      names.push(grant.name);
    }
    form.reset();
    count();
    const name = new Intl.ListFormat(document.documentElement.lang).format(names);
    showToast(gettext("Shared with %(name)s.", { name }));
  }

  /** First the new choice, so that nobody who may watch before and after may not in between. */
  async function choose() {
    const subject = choice.value;
    try {
      if (subject) chosen.push(await api.shareWith(id, { subject }));
      for (const grant of chosen.filter((one) => one.subject !== subject)) {
        await api.unshare(id, grant.id);
        chosen = chosen.filter((one) => one !== grant);
      }
    } finally {
      showChosen(chosen);
      count();
    }
  }

  /** The widest of them counts. */
  function showChosen(grants) {
    chosen = grants;
    const subjects = chosen.map(({ subject }) => subject);
    choice.value = ["everyone", "members"].find((subject) => subjects.includes(subject)) ?? "";
    everybody.hidden = false;
  }

  function showCollections(titles) {
    const names = new Intl.ListFormat(document.documentElement.lang).format(titles);
    collections.textContent = gettext("Also whoever can see these collections: %(titles)s.", { titles: names });
    collections.hidden = titles.length === 0;
  }

  async function remove(grant, row) {
    await api.unshare(id, grant.id);
    row.remove();
    count();
    form.elements.username.focus();
    showToast(gettext("No longer shared with %(name)s.", { name: grant.name }));
  }

  function item(grant) {
    const row = document.createElement("li");
    row.dataset.subject = grant.subject;
    const words = document.createElement("span");
    const name = Object.assign(document.createElement("bdi"), { textContent: grant.name });
    const end = grant.expires_at && gettext("until %(when)s", { when: formatDay(new Date(grant.expires_at), document.documentElement.lang) });
    const kind = isGroup(grant) ? gettext("Group") : gettext("Person");
    const right = grant.right === "manage" && gettext("Can manage");
    words.className = "small";
    words.append(name, ` · ${[kind, right, end].filter(Boolean).join(" · ")}`);
    row.append(words);
    // Who else manages it is its owner's to say.
    if (right && isManaged) return row;
    const button = Object.assign(document.createElement("button"), { className: "button", type: "button", textContent: gettext("Remove") });
    button.dataset.look = "quiet";
    button.setAttribute("aria-label", gettext("Stop sharing with %(name)s", { name: grant.name }));
    button.addEventListener("click", () => attempt(() => remove(grant, row), button));
    row.append(button);
    return row;
  }

  /** What the dialog says of a private video, or of a collection: who can watch now. */
  function count() {
    if (!now) return;
    if (choice?.value) {
      now.textContent = choice.selectedOptions[0].dataset.words;
      return;
    }
    const subjects = [...list.children].map((row) => ({ subject: row.dataset.subject }));
    const groupCount = subjects.filter(isGroup).length;
    const people = subjects.length - groupCount;
    const peopleWords = people && ngettext("%(count)s person", "%(count)s people", people, { count: people });
    const groupWords = groupCount && ngettext("%(count)s group", "%(count)s groups", groupCount, { count: groupCount });
    const others = peopleWords || groupWords;
    if (isManaged && people && groupCount) now.textContent = gettext("Its owner, %(people)s and %(groups)s can watch what is in it.", { people: peopleWords, groups: groupWords });
    else if (isManaged && others) now.textContent = gettext("Its owner and %(others)s can watch what is in it.", { others });
    else if (people && groupCount) now.textContent = everybody
      ? gettext("You, %(people)s and %(groups)s can watch what is in it.", { people: peopleWords, groups: groupWords })
      : gettext("You, %(people)s and %(groups)s can watch this video.", { people: peopleWords, groups: groupWords });
    else if (people || groupCount) now.textContent = everybody
      ? gettext("You and %(others)s can watch what is in it.", { others })
      : gettext("You and %(others)s can watch this video.", { others });
    else if (collections.hidden) now.textContent = choice?.options[0].dataset.words ?? nobodyElse;
    else now.textContent = gettext("You can watch this video.");
  }
}

function isNamed({ subject }) {
  return subject.includes(":");
}

function isGroup({ subject }) {
  return subject.startsWith("group:");
}
