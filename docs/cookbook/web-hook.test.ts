import { test } from "signalbox/test";

test("the outcome is told, with a signature", async ({ status, http, secrets, assert }) => {
  secrets.set("HOOK_KEY", "secret");
  http.answers({ status: 204 });
  const { verdict } = await status({ status: "NOTDELIVERED", error: "absent" });
  assert.equal(verdict, "accept");
  const [request] = http.requests;
  assert.match(request?.body, /"status":"NOTDELIVERED"/);
  assert.match(request?.headers["x-signature"], /^[0-9a-f]{64}$/);
});

test("while the service is out of order the status waits", async ({
  status,
  http,
  secrets,
  assert,
}) => {
  secrets.set("HOOK_KEY", "secret");
  http.answers({ status: 503 });
  const { verdict, fault } = await status({});
  assert.equal(verdict, "undecided");
  assert.match(fault, /the service said 503/);
});
