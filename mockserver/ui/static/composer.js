// The composer of a handset: which fields a kind of message takes, and how many segments a text is. The alphabet is the
// server's; the rule is that of ui/segments.py.

let alphabet = null;

function sizes() {
  const source = document.getElementById("gsm");
  if (!alphabet && source) {
    const { basic, extension } = JSON.parse(source.textContent);
    alphabet = new Map([...[...basic].map((each) => [each, 1]), ...[...extension].map((each) => [each, 2])]);
  }
  return alphabet;
}

export function segments(text) {
  const known = sizes();
  const characters = [...text];
  const isGsm = characters.every((each) => known.has(each));
  const [alone, part] = isGsm ? [160, 153] : [70, 67];
  const units = characters.map((each) => (isGsm ? known.get(each) : each.length));
  const total = units.reduce((sum, each) => sum + each, 0);
  let [count, filled] = [1, 0];
  if (total > alone) {
    for (const each of units) {
      if (filled + each > part) [count, filled] = [count + 1, 0];
      filled += each;
    }
  }
  return { encoding: isGsm ? "GSM-7" : "UCS-2", units: total, count, capacity: count === 1 ? alone : count * part };
}

export function fit(form) {
  const chosen = form.querySelector("[data-channel]")?.selectedOptions[0];
  const hasKinds = Boolean(chosen?.dataset.kinds);
  const kind = form.querySelector("[data-kind]")?.selectedOptions[0];
  const takes = hasKinds && kind ? kind.dataset.takes.split(" ") : [];
  for (const part of form.querySelectorAll("[data-if-kinds]")) part.hidden = !hasKinds;
  for (const row of form.querySelectorAll(".composer-row[data-takes]")) row.hidden = !takes.includes(row.dataset.takes);
  count(form);
}

export function count(form) {
  const [text, place] = [form.querySelector("[data-text]"), form.querySelector("[data-count]")];
  if (!text || !place) return;
  const { encoding, units, count: several, capacity } = segments(text.value);
  place.textContent = text.value ? `${encoding} ${units}/${capacity}${several > 1 ? ` · ${several} segments` : ""}` : "Enter sends, Shift and Enter begin a line";
}

document.addEventListener("input", ({ target }) => target.matches?.("[data-text]") && count(target.form));
document.addEventListener("change", ({ target }) => target.matches?.("[data-channel], [data-kind]") && fit(target.form));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches?.("[data-text]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});
