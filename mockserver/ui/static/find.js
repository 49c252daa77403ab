// Hides, while the user types into a search field, what does not contain the text. Without scripts the server does it.

const textOf = (element) => (element.dataset.search ?? element.textContent).toLowerCase();

/**
 * Search in the parts of the page with the attribute `data-find`; a part with `data-find-group` is hidden with all that it holds.
 * What links to a part, by its `#id`, is opened.
 */
export function findAsYouType(input) {
  if (!input) return;
  input.addEventListener("input", () => showFound(input));
  showFound(input);
  queueMicrotask(openTarget); // after a navigation has set the address
}

export function showFound(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const element of document.querySelectorAll("[data-find]")) {
    const text = textOf(element);
    element.hidden = !words.every((word) => text.includes(word));
    count += element.hidden ? 0 : 1;
  }
  for (const group of document.querySelectorAll("[data-find-group]")) group.hidden = !group.querySelector("[data-find]:not([hidden])");
  const nothing = document.getElementById("nothing-found");
  if (nothing) nothing.hidden = count > 0;
}

/** Open what the address names. */
function openTarget() {
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  if (!target) return;
  for (const each of document.querySelectorAll("[data-target]")) delete each.dataset.target;
  target.dataset.target = "";
  const part = target.matches("details") ? target : target.querySelector("details");
  if (part) part.open = true;
  target.scrollIntoView();
}

addEventListener("hashchange", openTarget);
