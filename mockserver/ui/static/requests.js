// Requests of the page to the server, with the token if there is one. The token is kept as long as the tab is open.

const KEY = "mockserver-token";

export const token = () => sessionStorage.getItem(KEY);
export const saveToken = (text) => sessionStorage.setItem(KEY, text);
export const forgetToken = () => sessionStorage.removeItem(KEY);

export function sendRequest(url, options = {}) {
  const headers = new Headers(options.headers);
  if (token()) headers.set("Authorization", `Bearer ${token()}`);
  return fetch(url, { cache: "no-store", credentials: "same-origin", ...options, headers });
}

/** Parse a page of the server, in which scripts do not run. */
export async function parsePage(response) {
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
