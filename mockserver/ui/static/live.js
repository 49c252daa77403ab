// What has changed, as it happens: one stream of server-sent events, read with fetch because it must carry the token.
// Events only name topics. They are gathered, and once a frame the page asks for what it shows of them.

import { ask, page } from "./ask.js";
import { put } from "./merge.js";

const PAUSE = 120; // milliseconds between two looks, so that a burst is one
const PATIENCE = [500, 1000, 2000, 5000, 10000]; // milliseconds until the next try

let following = null;
let waiting = new Set();
let isLooking = false;
let lastLook = 0;
let hooks = { changed() {}, whole() {} };

export function start(given) {
  hooks = given;
  follow();
}

export function stop() {
  following?.abort();
}

export function follow(...topics) {
  stop();
  const { live } = document.body.dataset;
  if (!live) return;
  following = new AbortController();
  waiting = new Set();
  read(live, following.signal);
  if (topics.length) wake(...topics);
}

async function read(live, signal) {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const { cursor, since } = document.body.dataset;
      // A second time would close the stream again for a world that has been made anew.
      const response = await ask(`${live}?since=${cursor}${failures ? "" : `&${since}`}`, { signal });
      if (response.status === 404) {
        hooks.whole(); // the world is gone
        return;
      }
      if (!response.ok) throw new Error(`the stream was rejected: ${response.status}`);
      say("live", "live");
      if (failures) wake("world"); // something may have been missed
      failures = 0;
      await events(response, signal);
    } catch {
      if (signal.aborted) return;
    }
    say("off", "reconnecting");
    await new Promise((done) => setTimeout(done, PATIENCE[Math.min(failures, PATIENCE.length - 1)]));
  }
}

async function events(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (!signal.aborted) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      for (const line of block.split("\n")) if (line.startsWith("data: ")) wake(...line.slice(6).split(" "));
    }
  }
}

function say(state, text) {
  const pulse = document.getElementById("pulse");
  if (!pulse || pulse.dataset.state === state) return;
  pulse.dataset.state = state;
  document.getElementById("pulse-text").textContent = text;
}

function wake(...topics) {
  const shown = document.body.dataset.topics.split(" ");
  for (const topic of topics) if (shown.includes(topic)) waiting.add(topic);
  if (waiting.size && !isLooking) {
    isLooking = true;
    setTimeout(() => requestAnimationFrame(look), Math.max(0, lastLook + PAUSE - performance.now()));
  }
}

async function look() {
  const topics = waiting;
  waiting = new Set();
  const { signal } = following;
  try {
    const { changes, cursor } = document.body.dataset;
    if (changes && !topics.has("world")) await parts(changes, cursor, signal);
    else await regions(signal);
  } catch (reason) {
    if (!signal.aborted) console.warn(reason);
  }
  lastLook = performance.now();
  isLooking = false;
  if (waiting.size) wake();
}

/** The page's own changes: rows and bubbles. */
async function parts(changes, cursor, signal) {
  const last = document.querySelector("[data-last]");
  const join = changes.includes("?") ? "&" : "?";
  const response = await ask(`${changes}${join}since=${last ? last.dataset.last : cursor}`, { signal });
  if (response.status === 204) return hooks.whole();
  if (!response.ok) return regions(signal);
  const found = (await page(response)).querySelector("[data-cursor]");
  if (signal.aborted || !found) return undefined;
  document.body.dataset.cursor = found.dataset.cursor;
  if (last && found.dataset.last) last.dataset.last = found.dataset.last;
  return hooks.changed(put(found.querySelectorAll("[data-live-part], [data-into]")));
}

/** The page again, of which only the parts that live are taken. */
async function regions(signal) {
  if (document.body.dataset.changes) return hooks.whole();
  const response = await ask(location.href, { signal });
  if (!response.ok) return undefined;
  const fresh = await page(response);
  if (signal.aborted) return undefined;
  document.body.dataset.cursor = fresh.body.dataset.cursor;
  return hooks.changed(put(fresh.querySelectorAll("[data-live-part]")));
}
