// Requests of the page's own: with the token, where one was asked for. The token lives as long as the tab.

const KEY = "mockserver-token";

export const token = () => sessionStorage.getItem(KEY);
export const keep = (text) => sessionStorage.setItem(KEY, text);
export const forget = () => sessionStorage.removeItem(KEY);

export function ask(url, options = {}) {
  const headers = new Headers(options.headers);
  if (token()) headers.set("Authorization", `Bearer ${token()}`);
  return fetch(url, { cache: "no-store", credentials: "same-origin", ...options, headers });
}

/** A document of ours. Parsed, not run: what is in it is text and elements that the server escaped. */
export async function page(response) {
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
