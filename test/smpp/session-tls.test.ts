/** The same session over TLS; a shared key spares the test a certificate. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect, createServer } from "node:tls";
import { systemClock } from "../../src/model/clock.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import { type Answer, type Session, openSession } from "../../src/smpp/session.ts";
import { sms } from "./messages.ts";

const key = Buffer.alloc(32, 7);
const shared = { ciphers: "PSK+HIGH", maxVersion: "TLSv1.2" } as const;

test("[C20] [Y08] a session over TLS binds, sends, joins its writes and unbinds", async () => {
  const opened = Promise.withResolvers<Session>();
  const common = { limits: { ...sessionLimits, windowRequestsMax: 200 }, clock: systemClock };
  const server = createServer({ ...shared, pskCallback: () => key, pskIdentityHint: "test" });
  server.on("secureConnection", (socket) =>
    opened.resolve(
      openSession(socket, {
        ...common,
        role: "smsc",
        owner: {
          bind: (request, session) => session.answerBind(request, 0, "us"),
          shortMessage: (request, session) => session.answer(request, 0, "id"),
          closed() {},
        },
      }),
    ),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const socket = connect({
    ...shared,
    host: "127.0.0.1",
    port: address.port,
    pskCallback: () => ({ psk: key, identity: "test" }),
    checkServerIdentity: () => undefined,
  });
  await once(socket, "secureConnect");
  const session = openSession(socket, {
    ...common,
    role: "esme",
    owner: { bind() {}, shortMessage() {}, closed() {} },
  });
  const bound = await session.bind({
    bindType: "transmitter",
    systemId: "a",
    password: "b",
    systemType: "",
    version: 0x34,
    addressRange: "",
    addressTon: 0,
    addressNpi: 0,
  });
  assert.equal(bound.status, 0);
  const answers = Array.from({ length: 200 }, () => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    session.send("submit_sm", sms({ octets: Buffer.alloc(1_000) }), resolve);
    return promise;
  });
  for (const answer of await Promise.all(answers)) assert.equal(answer.kind, "answered");
  const far = await opened.promise;
  assert.deepEqual([session.tls, far.tls, far.counters.received], [true, true, 200]);
  assert.match(far.remote, /^127\.0\.0\.1:\d+$/);
  await session.unbind();
  server.close();
  await once(server, "close");
  assert.equal(far.state, "closed");
});
