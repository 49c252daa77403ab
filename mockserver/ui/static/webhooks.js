// Webhooks: j and k choose the next and the previous delivery, / the search, Escape closes the delivery.

const find = (selector) => document.querySelector(selector);

function move(step) {
  const links = [...document.querySelectorAll(".deliveries td.num a")];
  const place = links.findIndex((each) => each.getAttribute("aria-current"));
  links[place < 0 ? 0 : Math.min(links.length - 1, Math.max(0, place + step))]?.click();
}

const actions = { j: () => move(1), k: () => move(-1), "/": () => find("#webhooks-q")?.select(), Escape: () => find(".delivery .close")?.click() };

document.addEventListener("keydown", (event) => {
  if (document.body.dataset.section !== "webhooks" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!actions[event.key] || event.target.closest?.("input, textarea, select") || find("dialog[open]")) return;
  event.preventDefault();
  actions[event.key]();
});
