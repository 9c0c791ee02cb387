/** Why a change failed, in words, and the way out of it there, if any. */

import { SIGNED_OUT } from "./failures.js";
import { gettext } from "./i18n.js";

/** `{reason, action}`; the action is one for a toast, or null. */
export function reasonOf(failure) {
  if (failure.kind !== SIGNED_OUT) return { reason: failure.detail ?? gettext("The server couldn’t be reached."), action: null };
  const here = encodeURIComponent(location.pathname + location.search);
  return {
    reason: gettext("You’ve been logged out."),
    action: { label: gettext("Log in"), run: () => location.assign(`/login?next=${here}`) },
  };
}
