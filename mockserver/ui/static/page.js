// The page: navigates between sections without reloading, submits forms, and shows live updates.

import * as clock from "./clock.js";
import * as live from "./live_updates.js";
import { parsePage, sendRequest } from "./requests.js";
import { isPlainClick, runChanged, runShown } from "./sections.js";

const $ = (id) => document.getElementById(id);

// -- navigation --------------------------------------------------------------------------------------------------------

const isOnPage = (url) => url.origin === location.origin && url.pathname.startsWith("/_mock/ui/") && !url.pathname.includes("/static/");

const currentPath = () => location.pathname + location.search;
let shownPath = currentPath();
let latest = 0; // the number of the latest navigation
let pending = 0; // navigations under way

/** Load and show a page. Return false if the server does not respond, or a later navigation has replaced this one. */
async function navigate(url, { method = "GET", body, push = true, keepPlace = false } = {}) {
  latest += 1;
  const number = latest;
  pending += 1;
  $("main")?.setAttribute("aria-busy", "true");
  const openBefore = openDetails();
  try {
    const response = await sendRequest(url, { method, body });
    const fresh = await parsePage(response);
    if (response.status === 401 || fresh.body.classList.contains("token-page")) {
      location.reload(); // the server was started again, with another token
      return true;
    }
    await loadStyles(fresh);
    if (number !== latest) return false;
    const openedSince = keepPlace ? openDetails().filter((id) => !openBefore.includes(id)) : [];
    show(fresh, keepPlace);
    for (const id of openedSince) $(id)?.setAttribute("open", "");
    const { hash } = new URL(url, location.href); // a response has the address without it
    if (push && response.url + hash !== location.href) history.pushState({}, "", response.url + hash);
    const target = push && hash ? $(decodeURIComponent(hash.slice(1))) : null;
    if (target?.tagName === "DETAILS") target.open = true;
    target?.scrollIntoView();
    shownPath = currentPath();
    live.connect();
    return true;
  } catch {
    announceFailure();
    return false;
  } finally {
    pending -= 1;
    if (!pending) $("main")?.removeAttribute("aria-busy");
  }
}

/** Return the ids of the parts of the page that are unfolded. */
const openDetails = () => [...document.querySelectorAll("details[open][id]")].map((each) => each.id);

const urlsOf = (page, selector, name) => [...page.querySelectorAll(selector)].map((each) => each.getAttribute(name));

/** Load the stylesheets that a page needs beyond those of the current one. */
function loadStyles(fresh) {
  const loaded = urlsOf(document, "link[rel=stylesheet]", "href");
  const missing = urlsOf(fresh, "link[rel=stylesheet]", "href").filter((each) => !loaded.includes(each));
  return Promise.all(missing.map((href) => new Promise((done) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", onload: done, onerror: done });
    link.setAttribute("href", href);
    document.head.append(link);
  })));
}

/** Remove the stylesheets of the page before, and load the scripts that were not needed until now. */
function replaceHead(fresh) {
  const wanted = urlsOf(fresh, "link[rel=stylesheet]", "href");
  for (const link of document.querySelectorAll("link[rel=stylesheet]")) if (!wanted.includes(link.getAttribute("href"))) link.remove();
  const loaded = urlsOf(document, "script[src]", "src");
  for (const src of urlsOf(fresh, "script[src]", "src")) {
    if (loaded.includes(src)) continue;
    const script = Object.assign(document.createElement("script"), { type: "module" });
    script.setAttribute("src", src);
    document.head.append(script);
  }
}

function show(fresh, keepPlace) {
  const focused = document.activeElement;
  const scrolled = [...document.querySelectorAll(".screen, .list, .navigation, .phones")].map((each) => [each.className, each.id, each.scrollTop, each.scrollLeft]);
  const scrollTop = scrollY;
  const drafts = new Map([...document.querySelectorAll("textarea[data-text]")].map((each) => [each.id, each.value]));
  document.title = fresh.title;
  for (const name of Object.keys(document.body.dataset)) delete document.body.dataset[name];
  Object.assign(document.body.dataset, fresh.body.dataset);
  document.body.className = fresh.body.className;
  replaceHead(fresh);
  document.body.replaceChildren(...[...fresh.body.childNodes].map((each) => document.importNode(each, true)));
  if (keepPlace) {
    for (const [id, text] of drafts) {
      const area = $(id);
      if (area && !area.value) area.value = text;
    }
  }
  prepare();
  for (const [name, id, top, left] of scrolled) {
    if (name.includes("screen")) continue;
    const same = [...document.getElementsByClassName(name)].find((each) => each.id === id);
    if (same) Object.assign(same, { scrollTop: top, scrollLeft: left });
  }
  if (keepPlace) {
    scrollTo(0, scrollTop);
    const again = focused?.id ? $(focused.id) : null;
    (again ?? $("main"))?.focus({ preventScroll: true });
  } else {
    scrollTo(0, 0);
    $("main")?.focus({ preventScroll: true });
  }
}

/** Load a page, and replace those parts of the current one that have these ids. Return whether that was done. */
export async function replaceParts(url, ids, { replace = false } = {}) {
  latest += 1;
  const number = latest;
  try {
    const response = await sendRequest(url);
    if (!response.ok) return await navigate(url, { push: !replace });
    const fresh = await parsePage(response);
    if (number !== latest) return false;
    for (const id of ids) {
      const [old, part] = [$(id), fresh.getElementById(id)];
      if (old && part) old.replaceWith(document.importNode(part, true));
    }
    document.title = fresh.title;
    for (const name of ["changes", "topics"]) document.body.dataset[name] = fresh.body.dataset[name];
    history[replace ? "replaceState" : "pushState"]({}, "", response.url);
    shownPath = currentPath();
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
    runShown();
    return true;
  } catch {
    announceFailure();
    return false;
  }
}

/** Load the current page again, unless a navigation is under way. */
function reload() {
  return pending ? undefined : navigate(location.href, { push: false, keepPlace: true });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || !isPlainClick(event)) return;
  if (link.dataset.earlier) {
    event.preventDefault();
    loadEarlier(link);
  } else if (!link.hasAttribute("download") && isOnPage(new URL(link.href)) && !link.getAttribute("href").startsWith("#")) {
    event.preventDefault();
    navigate(link.href, { keepPlace: "keep" in link.dataset });
  }
});

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (submitter?.hasAttribute("formaction")) return; // a file to download
  event.preventDefault();
  const data = new FormData(form, submitter);
  if (form.method === "get") {
    navigate(`${form.action.split("?")[0]}?${new URLSearchParams([...data].filter(([, value]) => value !== ""))}`);
    return;
  }
  const text = form.querySelector("[data-text]");
  if (text && !text.value.trim() && !form.querySelector("[type=file]")?.value) return; // nothing to send
  submit(form, data, text);
});

async function submit(form, data, text) {
  const draft = text?.value;
  if (text) text.value = ""; // what is typed from now on is the next message
  const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
  const isDone = await navigate(form.action, { method: "POST", body, keepPlace: true, push: !("stay" in form.dataset) });
  if (!isDone && text?.isConnected && !text.value) text.value = draft;
}

addEventListener("popstate", () => {
  if (currentPath() !== shownPath) navigate(location.href, { push: false }); // else it was a jump within the page
});

async function loadEarlier(link) {
  const fresh = await parsePage(await sendRequest(link.href));
  const list = $(link.dataset.earlier);
  const screen = list.closest(".screen");
  const before = screen.scrollHeight - screen.scrollTop;
  const older = fresh.querySelector(".older");
  if (older) link.parentElement.replaceWith(document.importNode(older, true));
  else link.parentElement.remove();
  list.dataset.most = "";
  list.prepend(...[...fresh.querySelectorAll("li.bubble")].filter((each) => !$(each.id)).map((each) => document.importNode(each, true)));
  screen.scrollTop = screen.scrollHeight - before;
  screen.focus({ preventScroll: true });
}

// -- after a page is shown --------------------------------------------------------------------------------------------

function prepare() {
  clock.restart();
  showScheme();
  for (const screen of document.querySelectorAll(".screen")) screen.scrollTop = screen.scrollHeight;
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  runShown();
}

/** Prepare parts that were merged into the page, and announce new ones. */
function showChanges(parts) {
  clock.restart();
  runChanged(parts);
  const fresh = [];
  for (const { element, isNew } of parts) {
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
  if (fresh.length === 1 && fresh[0].classList.contains("bubble")) announce(`${fresh[0].dataset.handset}: ${fresh[0].querySelector(".bubble-body").textContent.trim()}`);
  else if (fresh.length) announce(`${fresh.length} new`);
}

export function announce(text) {
  const region = $("announcement");
  if (!region) return;
  region.classList.remove("is-failure");
  region.textContent = text.slice(0, 200);
}

/** Say, for all to see, that the server does not respond, until it does again. */
function announceFailure() {
  const text = "The server does not respond.";
  if ($("announcement")?.textContent !== text) announce(text);
  $("announcement")?.classList.add("is-failure");
}

function endFailure() {
  if ($("announcement")?.classList.contains("is-failure")) announce("The server responds again.");
}

// -- the colour scheme -------------------------------------------------------------------------------------------------

const isDark = () => (document.documentElement.dataset.scheme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function showScheme() {
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
    showScheme();
  }
  const copy = event.target.closest?.("[data-copy]");
  if (copy) copyText(copy);
});

async function copyText(button) {
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

// -- start ---------------------------------------------------------------------------------------------------------------

prepare();
live.start({ changed: showChanges, reload, failed: announceFailure, restored: endFailure });
addEventListener("pagehide", () => live.stop());
// A browser opens at most six connections to a server: a hidden tab gives its one up.
document.addEventListener("visibilitychange", () => (document.hidden ? live.stop() : live.connect("clock")));
