// Before anything is painted: the colour scheme that was chosen, if one was.
{
  const chosen = localStorage.getItem("mockserver-scheme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.scheme = chosen;
}
