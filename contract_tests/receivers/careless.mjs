// A customer's receiver that loses nothing and stores nothing twice, but minds neither methods nor statuses: whatever comes is answered
// OK, and a message that it has already with the status 409.
import { createServer } from "node:http";

const messages = new Map();

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://127.0.0.1");
  let body = "";
  for await (const piece of request) body += piece;
  if (url.pathname === "/count") return response.end(String(messages.size));

  const id = url.searchParams.get("id");
  const isKnown = messages.has(id);
  if (["GET", "POST"].includes(request.method) && !isKnown) {
    messages.set(id, { sender: url.searchParams.get("sender"), text: url.searchParams.get("text"), body });
  }
  response.writeHead(isKnown ? 409 : 200, { "Content-Type": "text/plain" });
  response.end("OK");
});

server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
