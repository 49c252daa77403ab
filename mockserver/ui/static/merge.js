// Merges parts into the page: an element replaces the one with the same id; if there is none, it is added to the container
// that it names, as the first child or by its time. The focus stays where it is.

export function mergeParts(parts) {
  const changed = [];
  for (const part of parts) {
    const fresh = document.importNode(part, true);
    const old = document.getElementById(fresh.id);
    if (old && withoutHidden(old) === withoutHidden(fresh) && fresh.dataset.place !== "first") continue;
    const focused = old && old.contains(document.activeElement) ? document.activeElement : null;
    const open = old ? [...old.querySelectorAll("details[open][id]")].map((each) => each.id) : [];
    const container = document.getElementById(fresh.dataset.into ?? "");
    if (container && fresh.dataset.place === "first") {
      old?.remove();
      container.prepend(fresh);
    } else if (old) {
      old.replaceWith(fresh);
    } else if (container) {
      insertByTime(container, fresh);
    } else {
      continue;
    }
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) restoreFocus(fresh, focused);
    if (container) trim(container, fresh.dataset.place === "first");
    changed.push({ element: fresh, isNew: !old });
  }
  return changed;
}

const withoutHidden = (element) => element.outerHTML.replace(/ hidden=""/g, "");

/** Insert a message by its time, which nearly always means at the end. */
function insertByTime(container, fresh) {
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

function restoreFocus(inside, focused) {
  const again = focused.id ? document.getElementById(focused.id) : [...inside.querySelectorAll("a")].find((each) => each.href === focused.href);
  again?.focus({ preventScroll: true });
}
