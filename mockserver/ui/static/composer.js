// Conversations. The form of a handset shows the fields that a kind of message has, and how many SMS segments its text needs:
// the alphabet comes from the server; the rule is that of ui/sms_segments.py.

import { defineSection } from "./sections.js";

let alphabet = null;

function characterSizes() {
  const source = document.getElementById("gsm");
  if (!alphabet && source) {
    const { basic, extension } = JSON.parse(source.textContent);
    alphabet = new Map([...[...basic].map((each) => [each, 1]), ...[...extension].map((each) => [each, 2])]);
  }
  return alphabet;
}

export function countSegments(text) {
  const known = characterSizes();
  const characters = [...text];
  const isGsm = characters.every((each) => known.has(each));
  const [single, part] = isGsm ? [160, 153] : [70, 67];
  const units = characters.map((each) => (isGsm ? known.get(each) : each.length));
  const total = units.reduce((sum, each) => sum + each, 0);
  let [segments, filled] = [1, 0];
  if (total > single) {
    for (const each of units) {
      if (filled + each > part) [segments, filled] = [segments + 1, 0];
      filled += each;
    }
  }
  return { encoding: isGsm ? "GSM-7" : "UCS-2", units: total, segments, capacity: segments === 1 ? single : segments * part };
}

/** Show the fields of the chosen destination and kind. */
function showFields(form) {
  const chosen = form.querySelector("[data-destination]")?.selectedOptions[0];
  const hasKinds = Boolean(chosen?.dataset.kinds);
  const kind = form.querySelector("[data-kind]")?.selectedOptions[0];
  const fields = hasKinds && kind ? kind.dataset.fields.split(" ") : [];
  for (const part of form.querySelectorAll("[data-if-kinds]")) part.hidden = !hasKinds;
  for (const row of form.querySelectorAll(".composer-row[data-field]")) row.hidden = !fields.includes(row.dataset.field);
  showCount(form);
}

function showCount(form) {
  const [text, output] = [form.querySelector("[data-text]"), form.querySelector("[data-count]")];
  if (!text || !output) return;
  const { encoding, units, segments, capacity } = countSegments(text.value);
  output.textContent = text.value ? `${encoding} · ${units} of ${capacity} · ${segments} segment${segments === 1 ? "" : "s"}` : "Enter sends, Shift and Enter start a new line";
}

defineSection("conversations", {
  shown() {
    for (const form of document.querySelectorAll(".composer")) showFields(form);
  },
  changed(parts) {
    const rows = parts.filter(({ element, isNew }) => isNew && element.dataset.into === "handsets");
    if (!rows.length) return;
    const count = document.querySelector(".list-head .count");
    count.textContent = Number(count.textContent) + rows.length;
    for (const each of document.querySelectorAll(".conversations-layout [data-until-handset]")) each.remove();
    for (const each of document.querySelectorAll(".conversations-layout [data-from-handset]")) each.hidden = false;
  },
});

// What is opened below the last bubble would else stay below the edge.
document.addEventListener("toggle", ({ target }) => target.open && target.matches(".bubble .meta") && target.scrollIntoView({ block: "nearest" }), true);

document.addEventListener("input", ({ target }) => target.matches?.("[data-text]") && showCount(target.form));
document.addEventListener("change", ({ target }) => target.matches?.("[data-destination], [data-kind]") && showFields(target.form));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches?.("[data-text]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});
