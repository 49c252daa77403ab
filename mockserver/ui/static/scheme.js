// Applies the colour scheme that the user chose, before the page is first painted.
{
  const chosen = localStorage.getItem("mockserver-scheme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.scheme = chosen;
}
