// Loads a page by chrome-har-capturer in a Chromium that runs, sends requests from it, and prints the HAR file.
// Arguments: the folder of the package, the port of Chromium, the URL of the page, and the requests as JSON.

const [, , modules, port, url, requests] = process.argv;
const { run } = require(`${modules}/chrome-har-capturer`);

const send = `(async () => {
  for (const [path, options] of ${requests}) await (await fetch(path, options)).text();
})()`;

/** Resolve when the body of the last request was got, which the package asks for before us; else it might end before that. */
function lastBody({ Network }) {
  const last = JSON.parse(requests).at(-1)[0];
  let id;
  Network.requestWillBeSent(({ requestId, request }) => {
    if (request.url.endsWith(last)) id = requestId;
  });
  return new Promise((resolve, reject) => {
    Network.loadingFinished(({ requestId }) => {
      if (requestId === id) Network.getResponseBody({ requestId }).then(resolve, reject);
    });
  });
}

run([url], {
  port: Number(port),
  content: true,
  async postHook(_, client) {
    const bodyOfLast = lastBody(client);
    const { exceptionDetails } = await client.Runtime.evaluate({ expression: send, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    await bodyOfLast;
  },
})
  .on("fail", (_, error) => {
    console.error(error);
    process.exit(1);
  })
  .on("har", (har) => console.log(JSON.stringify(har)));
