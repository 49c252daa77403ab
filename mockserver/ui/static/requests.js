// Requests of the page to the server. The cookie of the session goes with them, where the server requires a token.

export function sendRequest(url, options = {}) {
  return fetch(url, { cache: "no-store", credentials: "same-origin", ...options });
}

/** Parse a page of the server, in which scripts do not run. */
export async function parsePage(response) {
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
