// Puts parts of a page where they belong: an element with an id replaces its namesake; one without a namesake goes into
// the container that it names, first or last. Focus stays where it is.

export function put(parts) {
  const changed = [];
  for (const part of parts) {
    const fresh = document.importNode(part, true);
    const old = document.getElementById(fresh.id);
    if (old && sameness(old) === sameness(fresh) && fresh.dataset.place !== "first") continue;
    const focused = old && old.contains(document.activeElement) ? document.activeElement : null;
    const open = old ? [...old.querySelectorAll("details[open][id]")].map((each) => each.id) : [];
    const container = document.getElementById(fresh.dataset.into ?? "");
    if (container && fresh.dataset.place === "first") {
      old?.remove();
      container.prepend(fresh);
    } else if (old) {
      old.replaceWith(fresh);
    } else if (container) {
      inOrder(container, fresh);
    } else {
      continue;
    }
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) refocus(fresh, focused);
    if (container) trim(container, fresh.dataset.place === "first");
    changed.push({ element: fresh, isNew: !old });
  }
  return changed;
}

const sameness = (element) => element.outerHTML.replace(/ hidden=""/g, "");

/** Messages come nearly always at the end; one with an earlier time goes where it belongs. */
function inOrder(container, fresh) {
  const at = Number(fresh.dataset.at);
  let last = container.lastElementChild;
  while (last && Number(last.dataset.at) > at) last = last.previousElementSibling;
  if (last) last.after(fresh);
  else container.prepend(fresh);
}

function trim(container, isFirst) {
  const most = Number(container.dataset.most) || Infinity;
  while (container.children.length > most) (isFirst ? container.lastElementChild : container.firstElementChild).remove();
}

export function refocus(inside, focused) {
  const again = focused.id ? document.getElementById(focused.id) : [...inside.querySelectorAll("a")].find((each) => each.href === focused.href);
  again?.focus({ preventScroll: true });
}
