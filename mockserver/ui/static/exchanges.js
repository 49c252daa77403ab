// The exchanges: selects one beside the list, filters while the user types, pauses the list, and groups it by minute.

import { announce, replaceParts } from "./page.js";
import { defineSection, isPlainClick } from "./sections.js";

const DELAY = 180; // milliseconds from the last key to the filter's request

const $ = (id) => document.getElementById(id);
const isShown = () => document.body.dataset.section === "exchanges";
const rows = () => [...document.querySelectorAll("#exchanges > tr.exchange")];
const isPaused = () => $("pause").getAttribute("aria-pressed") === "true";
const selected = () => document.querySelector("#exchanges > tr.current");

defineSection("exchanges", {
  shown() {
    for (const each of document.querySelectorAll(".without-script")) each.hidden = true;
    $("pause").hidden = false;
    $("keys").hidden = false;
    $("exchanges").toggleAttribute("data-paused", isPaused()); // the list may be another one
    groupByMinute();
    if (selected()) reveal(selected());
  },
  changed(parts) {
    $("exchange-table").hidden = !rows().length;
    if ($("clear")) $("clear").disabled = !rows().length && $("clear").disabled;
    if (parts.some(({ element }) => element.dataset.into === "exchanges")) {
      $("clear").disabled = false;
      groupByMinute();
    }
  },
});

/** Put a heading before the first row of each minute. */
function groupByMinute() {
  let minute = "";
  for (const heading of document.querySelectorAll("#exchanges > tr.minute")) heading.remove();
  for (const row of rows()) {
    if (row.dataset.minute === minute) continue;
    minute = row.dataset.minute;
    const cell = Object.assign(document.createElement("th"), { colSpan: 10, scope: "rowgroup" });
    const day = Object.assign(document.createElement("span"), { textContent: minute.slice(0, 10) });
    cell.append(`${minute.slice(11)} `, day);
    const heading = Object.assign(document.createElement("tr"), { className: "minute" });
    heading.append(cell);
    row.before(heading);
  }
}

// -- selecting ---------------------------------------------------------------------------------------------------------

async function select(row) {
  if (!row || row.classList.contains("current")) return;
  for (const other of document.querySelectorAll("#exchanges > tr.current")) mark(other, false);
  mark(row, true);
  if (!$("detail")) {
    // The list stays as it is: it may be paused.
    document.querySelector(".exchanges-layout").append(Object.assign(document.createElement("article"), { id: "detail", className: "detail" }));
  }
  document.querySelector(".exchanges-layout").classList.add("has-detail");
  if ($("list").offsetParent) reveal(row);
  else scrollTo(0, 0); // on a narrow window the detail takes the list's place
  if (!(await replaceParts(row.querySelector("td.num a").href, ["detail"])) && !$("detail-title")) removeDetail();
}

function removeDetail() {
  $("detail")?.remove();
  document.querySelector(".exchanges-layout").classList.remove("has-detail");
  selected()?.scrollIntoView({ block: "nearest" });
  for (const row of document.querySelectorAll("#exchanges > tr.current")) mark(row, false);
}

/** Close the detail, and leave the list as it is. */
async function close(link) {
  const url = new URL(link.href);
  url.search = $("q").value.trim() ? new URLSearchParams({ q: $("q").value.trim() }) : ""; // it may have changed since
  if (await replaceParts(url.href, [])) removeDetail();
}

/** Scroll a row into view: inside the list if it scrolls by itself, so that the page stays where it is. */
function reveal(row) {
  const list = $("list");
  if (list.scrollHeight <= list.clientHeight + 1) return row.scrollIntoView({ block: "nearest" });
  const [outer, inner] = [list.getBoundingClientRect(), row.getBoundingClientRect()];
  if (inner.top < outer.top + 40) list.scrollTop -= outer.top + 40 - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
  return undefined;
}

function mark(row, isCurrent) {
  row.classList.toggle("current", isCurrent);
  const link = row.querySelector("td.num a");
  if (isCurrent) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

function move(step) {
  const all = rows();
  const place = all.indexOf(selected());
  select(place < 0 ? all[0] : all[Math.min(all.length - 1, Math.max(0, place + step))]);
}

document.addEventListener("click", (event) => {
  if (!isShown()) return;
  if (event.target.closest?.("#pause")) togglePause();
  const row = event.target.closest?.("#exchanges > tr.exchange");
  const link = event.target.closest?.("a");
  if (link) clearTimeout(timer); // else the filter's request would end the navigation
  if (link?.id === "close" && isPlainClick(event)) {
    event.preventDefault();
    close(link);
    return;
  }
  if (!row || !isPlainClick(event) || (link && !link.closest("td.num"))) return;
  if (!link && String(getSelection())) return; // the user marks text
  event.preventDefault();
  select(row);
}, { capture: true });

document.addEventListener("keydown", (event) => {
  if (!isShown() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const isTyping = event.target.closest?.("input, textarea, select");
  if (event.key === "Escape") {
    if (isTyping) event.target.blur();
    else $("close")?.click();
    return;
  }
  const action = { j: () => move(1), k: () => move(-1), "/": () => $("q").select(), p: togglePause }[event.key];
  if (isTyping || !action || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  action();
});

// -- the filter --------------------------------------------------------------------------------------------------------

let timer = 0;

document.addEventListener("input", (event) => {
  if (!isShown() || event.target.id !== "q") return;
  clearTimeout(timer);
  timer = setTimeout(filter, DELAY);
});

document.addEventListener("submit", (event) => {
  if (!isShown() || !event.target.matches("form.filters") || event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  clearTimeout(timer);
  filter();
}, { capture: true });

function filter() {
  const field = $("q");
  if (!field) return undefined;
  const url = new URL(location.href);
  url.searchParams.delete("before");
  url.searchParams.delete("q");
  if (field.value.trim()) url.searchParams.set("q", field.value.trim());
  return replaceParts(url.href, ["list", "exchange-count"], { replace: true });
}

// -- pause -------------------------------------------------------------------------------------------------------------

function togglePause() {
  const button = $("pause");
  const willPause = !isPaused();
  button.setAttribute("aria-pressed", String(willPause));
  button.textContent = willPause ? "Resume" : "Pause";
  $("exchanges").toggleAttribute("data-paused", willPause);
  announce(willPause ? "The list is paused." : "The list is live.");
  if (!willPause) filter();
}
