/** The search of the bar where it is a panel: opening it is wanting to type. */

export function searchPanel(panel) {
  panel?.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") panel.querySelector("input").focus();
  });
}
