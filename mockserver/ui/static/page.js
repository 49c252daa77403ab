// The page: goes from section to section without a flash, sends forms, and shows what has changed.

import { ask, forget, keep, page, token } from "./ask.js";
import * as clock from "./clock.js";
import { fit } from "./composer.js";
import * as live from "./live.js";

const $ = (id) => document.getElementById(id);

// -- going somewhere ---------------------------------------------------------------------------------------------------

const isOurs = (url) => url.origin === location.origin && url.pathname.startsWith("/_mock/ui/") && !url.pathname.includes("/static/");

const place = () => location.pathname + location.search;
let where = place();
let turn = 0;
let going = 0;

/** Whether it got there: not when the server does not answer, or somebody wants to be elsewhere by now. */
async function go(url, { method = "GET", body, push = true, keepPlace = false } = {}) {
  turn += 1;
  const mine = turn;
  going += 1;
  $("main")?.setAttribute("aria-busy", "true");
  try {
    const response = await ask(url, { method, body });
    if (response.status === 401) {
      forget();
      location.reload();
      return true;
    }
    const fresh = await page(response);
    if (mine !== turn) return false;
    show(fresh, keepPlace);
    if (push && response.url !== location.href) history.pushState({}, "", response.url);
    where = place();
    live.follow();
    return true;
  } catch {
    announce("The server does not answer.");
    return false;
  } finally {
    going -= 1;
    if (!going) $("main")?.removeAttribute("aria-busy");
  }
}

function show(fresh, keepPlace) {
  const focused = document.activeElement;
  const places = [...document.querySelectorAll(".screen, .list, .rail, .phones")].map((each) => [each.className, each.id, each.scrollTop, each.scrollLeft]);
  const height = scrollY;
  const drafts = new Map([...document.querySelectorAll("textarea[data-text]")].map((each) => [each.id, each.value]));
  document.title = fresh.title;
  for (const name of Object.keys(document.body.dataset)) delete document.body.dataset[name];
  Object.assign(document.body.dataset, fresh.body.dataset);
  document.body.className = fresh.body.className;
  document.body.replaceChildren(...[...fresh.body.childNodes].map((each) => document.importNode(each, true)));
  if (keepPlace) {
    for (const [id, text] of drafts) {
      const area = $(id);
      if (area && !area.value) area.value = text;
    }
  }
  arrive();
  for (const [name, id, top, left] of places) {
    if (name.includes("screen")) continue;
    const same = [...document.getElementsByClassName(name)].find((each) => each.id === id);
    if (same) Object.assign(same, { scrollTop: top, scrollLeft: left });
  }
  if (keepPlace) {
    scrollTo(0, height);
    const again = focused?.id ? $(focused.id) : null;
    (again ?? $("main"))?.focus({ preventScroll: true });
  } else {
    scrollTo(0, 0);
    $("main")?.focus({ preventScroll: true });
  }
}

/** The same place again, unless somebody is on the way to another. */
function refresh() {
  return going ? undefined : go(location.href, { push: false, keepPlace: true });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.dataset.earlier) {
    event.preventDefault();
    earlier(link);
  } else if (link.hasAttribute("download")) {
    if (token()) {
      event.preventDefault();
      save(link);
    }
  } else if (isOurs(new URL(link.href)) && !link.getAttribute("href").startsWith("#")) {
    event.preventDefault();
    go(link.href, { keepPlace: "keep" in link.dataset });
  }
});

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.id === "token-form") {
    event.preventDefault();
    lookIn(form);
    return;
  }
  event.preventDefault();
  const data = new FormData(form, submitter);
  if (form.method === "get") {
    go(`${form.action.split("?")[0]}?${new URLSearchParams([...data].filter(([, value]) => value !== ""))}`);
    return;
  }
  const text = form.querySelector("[data-text]");
  if (text && !text.value.trim() && !form.querySelector("[type=file]")?.value) return; // nothing to send
  send(form, data, text);
});

async function send(form, data, text) {
  const said = text?.value;
  if (text) text.value = ""; // what is typed while it is on its way is the next one
  const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
  const isThere = await go(form.action, { method: "POST", body, keepPlace: true, push: !("stay" in form.dataset) });
  if (!isThere && text?.isConnected && !text.value) text.value = said;
}

addEventListener("popstate", () => {
  if (place() !== where) go(location.href, { push: false }); // else it was a jump inside the page
});

async function earlier(link) {
  const fresh = await page(await ask(link.href));
  const list = $(link.dataset.earlier);
  const screen = list.closest(".screen");
  const before = screen.scrollHeight - screen.scrollTop;
  const older = fresh.querySelector(".older");
  if (older) link.parentElement.replaceWith(document.importNode(older, true));
  else link.parentElement.remove();
  list.dataset.most = "";
  list.prepend(...[...fresh.querySelectorAll("li.bubble")].filter((each) => !$(each.id)).map((each) => document.importNode(each, true)));
  pictures(list);
  screen.scrollTop = screen.scrollHeight - before;
  screen.focus({ preventScroll: true });
}

async function save(link) {
  const url = URL.createObjectURL(await (await ask(link.href)).blob());
  const copy = Object.assign(document.createElement("a"), { href: url, download: link.download });
  copy.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// -- having arrived ----------------------------------------------------------------------------------------------------

function arrive() {
  clock.arrive();
  scheme();
  for (const form of document.querySelectorAll(".composer")) fit(form);
  for (const screen of document.querySelectorAll(".screen")) screen.scrollTop = screen.scrollHeight;
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  pictures(document);
}

/** Pictures cannot carry the token by themselves. */
async function pictures(inside) {
  for (const picture of inside.querySelectorAll("img[data-src]")) {
    const { src } = picture.dataset;
    delete picture.dataset.src;
    const response = await ask(src);
    if (!response.ok) continue;
    picture.src = URL.createObjectURL(await response.blob());
    picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
  }
}

function changed(parts) {
  clock.arrive();
  const fresh = [];
  for (const { element, isNew } of parts) {
    pictures(element);
    for (const button of element.querySelectorAll("[data-copy]")) button.hidden = false;
    if (element.classList.contains("bubble")) {
      const screen = element.closest(".screen");
      screen.querySelector("[data-until-first]")?.remove();
      const isNear = screen.scrollHeight - screen.scrollTop - screen.clientHeight < element.offsetHeight + 120;
      if (isNear) screen.scrollTop = screen.scrollHeight;
      if (isNew) fresh.push(element);
    } else if (isNew && element.dataset.into === "exchanges") {
      document.querySelector("main [data-until-first]")?.remove();
      fresh.push(element);
    }
  }
  if (fresh.length === 1 && fresh[0].classList.contains("bubble")) announce(`${fresh[0].dataset.handset}: ${fresh[0].querySelector(".says").textContent.trim()}`);
  else if (fresh.length) announce(`${fresh.length} new`);
}

function announce(text) {
  const said = $("said");
  if (said) said.textContent = text.slice(0, 200);
}

// -- the colour scheme -------------------------------------------------------------------------------------------------

const isDark = () => (document.documentElement.dataset.scheme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function scheme() {
  const button = $("scheme");
  if (!button) return;
  button.hidden = false;
  button.querySelector("span").textContent = isDark() ? "Light" : "Dark";
  button.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#scheme")) {
    const chosen = isDark() ? "light" : "dark";
    document.documentElement.dataset.scheme = chosen;
    localStorage.setItem("mockserver-scheme", chosen);
    scheme();
  }
  const copy = event.target.closest?.("[data-copy]");
  if (copy) take(copy);
});

async function take(button) {
  const text = $(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren($(button.dataset.copy));
    announce("Selected; copy it with the keyboard.");
    return;
  }
  const label = button.textContent;
  button.textContent = "Copied";
  announce("Copied");
  setTimeout(() => (button.textContent = label), 1500);
}

// -- the token -----------------------------------------------------------------------------------------------------------

async function lookIn(form) {
  keep(form.querySelector("input").value.trim());
  const response = await ask(location.href);
  if (!response.ok || response.status === 401) {
    forget();
    $("token-wrong").hidden = false;
    form.querySelector("input").focus();
    return;
  }
  show(await page(response), false);
  live.start({ changed, whole: refresh });
}

if ("asksToken" in document.body.dataset) {
  if (token()) go(location.href, { push: false }).then(() => live.start({ changed, whole: refresh }));
} else {
  arrive();
  live.start({ changed, whole: refresh });
}
addEventListener("pagehide", () => live.stop());
// A browser has six connections to a server: a tab that no one sees needs none.
document.addEventListener("visibilitychange", () => (document.hidden ? live.stop() : live.follow("clock")));
