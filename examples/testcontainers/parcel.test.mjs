import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { GenericContainer, Wait } from "testcontainers";

const token = "the-token-of-these-tests";
let container, url;

before(async () => {
  container = await new GenericContainer("sms-mockserver")
    .withExposedPorts(7670)
    .withEnvironment({ MOCKSERVER_TOKEN: token })
    .withWaitStrategy(Wait.forHttp("/_mock/health", 7670))
    .start();
  url = `http://${container.getHost()}:${container.getMappedPort(7670)}`;
});

after(() => container.stop());

test("a parcel is announced", async () => {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  // A world of the test's own, so that tests may run at the same time.
  const world = await (await fetch(`${url}/_mock/worlds`, { method: "POST", headers, body: "{}" })).json();

  // What the application does, told by its settings where the provider is.
  const message = { username: "demo", password: "demo", phone: "500600700", text: "Your parcel is here." };
  await fetch(`${url}/_w/${world.id}/messages/send_sms.json`, { method: "POST", body: new URLSearchParams(message) });

  const { exchanges } = await (await fetch(`${url}/_mock/worlds/${world.id}/exchanges`, { headers })).json();
  assert.deepEqual(exchanges.map((each) => each.operation), ["messages.send_sms"]);
});
