// Keeps the page up to date by one stream of server-sent events, read with fetch so that it can carry the token.
// An event only names topics. They are collected, and at most once a frame the page fetches what it shows of them.

import { parsePage, sendRequest } from "./requests.js";
import { mergeParts } from "./merge.js";

const PAUSE = 120; // milliseconds between two updates, so that a burst of events is one update
const RETRY_DELAYS = [500, 1000, 2000, 5000, 10000]; // milliseconds

let connection = null; // the AbortController of the stream
let changedTopics = new Set();
let isUpdating = false;
let lastUpdate = 0;
let hooks = { changed() {}, reload() {}, failed() {}, restored() {} };

export function start(givenHooks) {
  hooks = givenHooks;
  connect();
}

export function stop() {
  connection?.abort();
}

/** Connect to the stream of the page that is shown, and update the given topics at once. */
export function connect(...topics) {
  stop();
  const { live } = document.body.dataset;
  if (!live) return;
  connection = new AbortController();
  changedTopics = new Set();
  readStream(live, connection.signal);
  if (topics.length) markChanged(...topics);
}

async function readStream(live, signal) {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const { cursor, since } = document.body.dataset;
      // Only the first time: the older cursors would close the stream again after its world was replaced.
      const response = await sendRequest(`${live}?since=${cursor}${failures ? "" : `&${since}`}`, { signal });
      if (response.status === 404) {
        hooks.reload(); // the world was dropped
        return;
      }
      if (response.ok && !response.headers.get("Content-Type").startsWith("text/event-stream")) {
        hooks.reload(); // the server was started again, with another token, and asks for it
        return;
      }
      if (!response.ok) throw new Error(`the stream was rejected: ${response.status}`);
      showState("live", "live");
      hooks.restored();
      if (failures) markChanged("world"); // events may have been missed
      failures = 0;
      await readEvents(response, signal);
    } catch {
      if (signal.aborted) return;
      if (failures) hooks.failed();
    }
    showState("off", "reconnecting");
    await new Promise((done) => setTimeout(done, RETRY_DELAYS[Math.min(failures, RETRY_DELAYS.length - 1)]));
  }
}

async function readEvents(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (!signal.aborted) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      for (const line of block.split("\n")) if (line.startsWith("data: ")) markChanged(...line.slice(6).split(" "));
    }
  }
}

function showState(state, text) {
  const element = document.getElementById("connection");
  if (!element || element.dataset.state === state) return;
  element.dataset.state = state;
  document.getElementById("connection-text").textContent = text;
}

function markChanged(...topics) {
  const shown = document.body.dataset.topics.split(" ");
  for (const topic of topics) if (shown.includes(topic)) changedTopics.add(topic);
  if (changedTopics.size && !isUpdating) {
    isUpdating = true;
    setTimeout(() => requestAnimationFrame(update), Math.max(0, lastUpdate + PAUSE - performance.now()));
  }
}

async function update() {
  const topics = changedTopics;
  changedTopics = new Set();
  const { signal } = connection;
  try {
    const { changes, cursor } = document.body.dataset;
    if (changes && !topics.has("world")) await updateParts(changes, cursor, signal);
    else await updateRegions(signal);
  } catch (reason) {
    if (!signal.aborted) console.warn(reason);
  }
  lastUpdate = performance.now();
  isUpdating = false;
  if (changedTopics.size) markChanged();
}

/** Fetch the rows and bubbles that changed. */
async function updateParts(changes, cursor, signal) {
  const last = document.querySelector("[data-last]");
  const join = changes.includes("?") ? "&" : "?";
  const response = await sendRequest(`${changes}${join}since=${last ? last.dataset.last : cursor}`, { signal });
  if (last?.hasAttribute("data-paused")) return countPaused(last, await response.text());
  if (response.status === 204) return hooks.reload();
  if (!response.ok) return updateRegions(signal);
  const found = (await parsePage(response)).querySelector("[data-cursor]");
  if (signal.aborted || !found) return undefined;
  document.body.dataset.cursor = found.dataset.cursor;
  if (last && found.dataset.last) last.dataset.last = found.dataset.last;
  return hooks.changed(mergeParts(found.querySelectorAll("[data-live-part], [data-into]")));
}

/** Say beside a paused list how many exchanges are new. */
function countPaused(list, text) {
  const found = new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-into]").length;
  const button = document.querySelector("[aria-pressed=true]");
  if (button) button.textContent = text ? `Resume, ${found} new` : "Resume, more than 60 new";
}

/** Fetch the page again, and take the parts of it that are marked as live. */
async function updateRegions(signal) {
  if (document.body.dataset.changes) return hooks.reload();
  const response = await sendRequest(location.href, { signal });
  if (!response.ok) return undefined;
  const fresh = await parsePage(response);
  if (signal.aborted) return undefined;
  document.body.dataset.cursor = fresh.body.dataset.cursor;
  return hooks.changed(mergeParts(fresh.querySelectorAll("[data-live-part]")));
}
