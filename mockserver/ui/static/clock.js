// The world's time between two looks at it: a clock that ticks goes on by the machine's own.

let base = 0;

export function arrive() {
  const now = document.getElementById("now");
  if (now) base = performance.now();
}

function tick() {
  const now = document.getElementById("now");
  if (!now || now.dataset.frozen === "yes") return;
  const at = new Date(Date.parse(now.dataset.now) + performance.now() - base).toISOString();
  const [day, clock] = [at.slice(0, 10), at.slice(11, 19)];
  now.querySelector(".now-day").textContent = day;
  now.querySelector(".now-clock").textContent = clock;
}

setInterval(tick, 250);
