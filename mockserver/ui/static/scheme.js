// Applies the colour scheme that the user chose, before the page is first painted, and shows what needs scripts.
{
  document.documentElement.dataset.scripts = "on";
  const chosen = localStorage.getItem("mockserver-scheme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.scheme = chosen;
}
