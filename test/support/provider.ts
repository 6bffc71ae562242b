import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../src/model/clock.ts";
import type { Sms } from "../../src/model/message.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import { openSession, type Session, type SessionOwner } from "../../src/smpp/session.ts";

/** A message that the gateway has handed over and that waits for the test to answer it. */
export interface Submitted {
  readonly sms: Sms;
  readonly systemId: string;
  /** Takes it under this id. */
  answer(messageId: string): void;
}

/** A provider that does nothing by itself: the test answers and reports, when and as it wants. */
export interface Provider extends AsyncDisposable {
  readonly port: number;
  /** The next message that was handed over, in the order in which they came. */
  next(): Promise<Submitted>;
  /** Hands a message to whoever is bound as this, or anybody; gives the command_status of the answer. */
  deliver(sms: Sms, systemId?: string): Promise<number>;
  /** Resolves when somebody is bound as this. */
  bound(systemId: string): Promise<void>;
}

export async function startProvider(): Promise<Provider> {
  const sockets = new Set<Socket>();
  const sessions = new Map<string, Session>();
  const came: Submitted[] = [];
  let awaited: (() => void)[] = [];
  const wake = (): void => {
    const waiting = awaited;
    awaited = [];
    for (const end of waiting) end();
  };
  const owner: SessionOwner = {
    bind(request, session) {
      session.answerBind(request, 0, "provider");
      sessions.set(request.systemId, session);
      wake();
    },
    shortMessage(request, session) {
      const systemId = [...sessions].find(([, one]) => one === session)?.[0] ?? "";
      const answer = (messageId: string): void => session.answer(request, 0, messageId);
      came.push({ sms: request.sms, systemId, answer });
      wake();
    },
    closed(session) {
      for (const [systemId, one] of sessions) if (one === session) sessions.delete(systemId);
    },
  };
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    openSession(socket, { role: "smsc", limits: sessionLimits, clock: systemClock, owner });
  });
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It listens on TCP.
  const { port } = server.address() as AddressInfo;

  const until = async <T>(look: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => awaited.push(resolve));
    }
  };

  return {
    port,
    next: () => until(() => came.shift()),
    async bound(systemId) {
      await until(() => sessions.get(systemId));
    },
    async deliver(sms, systemId) {
      const session = await until(() =>
        systemId === undefined ? [...sessions.values()][0] : sessions.get(systemId),
      );
      return new Promise((resolve, reject) => {
        session.send("deliver_sm", sms, (answer) => {
          if (answer.kind === "unanswered") reject(new Error(`unanswered: ${answer.why}`));
          else resolve(answer.status);
        });
      });
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
