// Shows the time of a running clock between two updates from the server.

let updatedAt = 0;

export function restart() {
  updatedAt = performance.now();
}

function tick() {
  const now = document.getElementById("now");
  if (!now || now.dataset.frozen === "yes") return;
  const at = new Date(Date.parse(now.dataset.now) + performance.now() - updatedAt).toISOString();
  const [day, clock] = [at.slice(0, 10), at.slice(11, 19)];
  now.querySelector(".now-day").textContent = day;
  now.querySelector(".now-clock").textContent = clock;
}

setInterval(tick, 250);
