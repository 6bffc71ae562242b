/**
 * Followers of a live tail on real sockets; what is told to them is made here, so that it can be far more
 * than the kernel holds for a reader who has stopped.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import { test } from "node:test";
import type { OwnChange } from "../../src/channel/customer-desk.ts";
import type { ApiParts } from "../../src/channel/http-server/api.ts";
import { createEventStreams } from "../../src/channel/http-server/events.ts";
import { createApiServer } from "../../src/http/api-server.ts";
import { systemClock } from "../../src/model/clock.ts";
import { silentLog } from "../support/database.ts";
import { newId } from "../store/fixtures.ts";

/** Octets of one change, and changes that are far more than both ends' kernels hold. */
const changeOctets = 65_536;
const changesMost = 2_000;

test("a follower who stops reading is cut off at the limit, the others hear all of it, and a third of an account is refused", async () => {
  let tell: (change: OwnChange) => void = () => undefined;
  const caller = { account: "Test1", scopes: ["read"], by: "" };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- All that a live tail asks of its channel.
  const parts = {
    host: {
      clock: systemClock,
      customers: {
        follow(_account: string, take: typeof tell) {
          tell = take;
          return () => undefined;
        },
      },
    },
    settings: { eventStreamsMax: 20 },
    callers: {
      need: () => (_asked: unknown, _reply: unknown, done: () => void) => done(),
      of: () => caller,
    },
    closed: () => undefined,
  } as unknown as ApiParts;
  const streams = createEventStreams(parts);
  const limits = { bodyOctets: 1_024, requestTimeoutMs: 10_000, keepAliveMs: 10_000 };
  const api = createApiServer({ ...limits, newId, log: silentLog });
  streams.routes(api.routes, parts);
  await api.ready();
  const server = createServer((socket) => api.take(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It listens on TCP.
  const { port } = server.address() as AddressInfo;
  try {
    const slow = follower(port);
    await slow.heard("retry:");
    slow.socket.pause();
    const good = follower(port);
    await good.heard("retry:");
    assert.equal(streams.count, 2);
    const third = follower(port);
    await third.heard('"code":"overloaded"');
    third.socket.destroy();
    let told = 0;
    while (streams.count === 2 && told < changesMost) {
      told += 1;
      const reference = `<${told}>${"x".repeat(changeOctets)}`;
      tell({ id: newId(), status: "SENT", error: undefined, atMs: 0, reference });
      await good.heard(`<${told}>`);
    }
    assert.equal(streams.count, 1, `${told} changes were told and nobody was cut off`);
    const ended = once(slow.socket, "close");
    slow.socket.resume();
    await ended;
    assert.ok(!slow.text().includes(`<${told}>`), "it was cut off before it had all");
    tell({ id: newId(), status: "DELIVERED", error: undefined, atMs: 0, reference: "the last" });
    await good.heard("the last");
  } finally {
    streams.end();
    server.close();
    await api.close();
  }
});

/** Reads all that comes, and forgets it as soon as it was waited for. */
function follower(port: number): {
  readonly socket: Socket;
  readonly heard: (words: string) => Promise<void>;
  readonly text: () => string;
} {
  let text = "";
  let look = (): void => undefined;
  const socket = connect(port, "127.0.0.1", () =>
    socket.write("GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n"),
  );
  socket.setEncoding("utf8").on("data", (more: string) => {
    text += more;
    look();
  });
  // Who is cut off may hear it as a reset.
  socket.on("error", () => undefined);
  return {
    socket,
    text: () => text,
    heard: (words) =>
      new Promise((resolve) => {
        look = () => {
          const at = text.indexOf(words);
          if (at === -1) return;
          text = text.slice(at + words.length);
          look = () => undefined;
          resolve();
        };
        look();
      }),
  };
}
