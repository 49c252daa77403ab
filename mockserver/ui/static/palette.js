// The command palette: Ctrl and K, or the button on top, opens it. The server finds and ranks; only the newest answer is shown.

import { sendRequest } from "./requests.js";

const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
let shown = null; // the dialog with its parts while it is open

const create = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

function open() {
  if (shown) return;
  const input = create("input", { type: "text", id: "palette-input", autocomplete: "off", spellcheck: false, placeholder: "Section, number, name, text, exchange, world …" });
  const list = create("ul", { id: "palette-list", role: "listbox", ariaLabel: "What it may be" });
  const status = create("p", { className: "visually-hidden", role: "status" });
  const hint = create("p", { className: "palette-hint" }, "Arrow keys choose, Enter opens, Escape closes");
  const dialog = create("dialog", { id: "palette", ariaLabel: "Go to" }, input, list, hint, status);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-label": "Go to", "aria-expanded": "true", "aria-controls": list.id, "aria-autocomplete": "list" })) input.setAttribute(name, value);
  shown = { dialog, input, list, status, answers: [], chosen: 0, asked: 0, request: null, isWaiting: false };
  // Beside the body, whose content a live update may replace.
  document.documentElement.append(dialog);
  dialog.addEventListener("close", close);
  dialog.addEventListener("click", ({ target }) => {
    const option = target.closest("[role=option]");
    if (option) follow(shown.answers[Number(option.dataset.index)]);
    else if (target === dialog) dialog.close();
  });
  input.addEventListener("input", ask);
  input.addEventListener("keydown", press);
  dialog.showModal();
  input.focus();
  ask();
}

function close() {
  shown?.request?.abort();
  shown?.dialog.remove();
  shown = null;
}

/** Ask for the answers to what is typed. An earlier request is given up, so that its answer cannot replace a newer one. */
async function ask() {
  const { input, request } = shown;
  request?.abort();
  const own = new AbortController();
  Object.assign(shown, { request: own, isPending: true, isWaiting: false });
  const query = new URLSearchParams({ q: input.value, back: location.pathname + location.search });
  try {
    const response = await sendRequest(`${document.body.dataset.root}/worlds/${encodeURIComponent(document.body.dataset.world)}/palette?${query}`, { signal: own.signal });
    if (!response.ok) throw new Error(`the palette was rejected: ${response.status}`);
    const { answers } = await response.json();
    if (shown?.request === own) show(answers);
  } catch {
    if (shown?.request !== own) return;
    show([]);
    shown.status.textContent = "The server does not respond.";
  }
}

function show(answers) {
  const { list, status, isWaiting } = shown;
  Object.assign(shown, { answers, isPending: false, isWaiting: false });
  list.replaceChildren(...answers.map((answer, index) => {
    const label = create("span", { className: "palette-label" }, answer.label);
    const option = create("li", { id: `palette-${index}`, role: "option" }, create("span", { className: "palette-kind" }, answer.kind), label, create("span", { className: "palette-detail" }, answer.detail));
    option.dataset.index = index;
    return option;
  }));
  if (!answers.length) list.append(create("li", { className: "palette-none", role: "option", ariaDisabled: "true", ariaSelected: "false" }, "Nothing is called so."));
  status.textContent = answers.length === 1 ? "1 answer" : `${answers.length} answers`;
  choose(0);
  if (isWaiting && answers.length) follow(answers[0]);
}

function choose(index) {
  const { input, list, answers } = shown;
  shown.chosen = Math.max(0, Math.min(index, answers.length - 1));
  for (const option of list.querySelectorAll("[data-index]")) option.setAttribute("aria-selected", String(Number(option.dataset.index) === shown.chosen));
  const chosen = answers.length ? list.children[shown.chosen] : null;
  if (chosen) input.setAttribute("aria-activedescendant", chosen.id);
  else input.removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}

function press(event) {
  if (event.isComposing) return;
  const { chosen, answers } = shown;
  const moved = { ArrowDown: (chosen + 1) % answers.length, ArrowUp: (chosen + answers.length - 1) % answers.length, PageDown: chosen + 8, PageUp: chosen - 8 }[event.key];
  if (moved !== undefined) {
    event.preventDefault();
    if (answers.length) choose(moved);
  } else if (event.key === "Enter") {
    event.preventDefault();
    // What is shown may be the answer to what was typed before.
    if (shown.isPending) shown.isWaiting = true;
    else if (answers.length) follow(answers[chosen]);
  } else if (event.key === "Tab") {
    event.preventDefault(); // the dialog has no other control
  }
}

/** Follow an answer as the page follows its links and sends its forms. */
function follow(answer) {
  shown.dialog.close();
  close();
  if (Object.keys(answer.form).length) {
    const form = create("form", { method: "post", action: answer.url, hidden: true });
    for (const [name, value] of Object.entries(answer.form)) form.append(create("input", { type: "hidden", name, value }));
    document.body.append(form);
    form.requestSubmit();
    form.remove();
  } else {
    const link = create("a", { href: answer.url, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(isApple ? event.metaKey : event.ctrlKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (shown) shown.dialog.close();
  else open();
});
document.addEventListener("click", ({ target }) => target.closest?.("#palette-open") && open());
