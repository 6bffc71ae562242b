import { type AddressInfo, createServer, type Socket } from "node:net";
import { systemClock } from "../../src/model/clock.ts";
import type { Sms } from "../../src/model/message.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import {
  type BindRequest,
  openSession,
  type Session,
  type SessionOwner,
} from "../../src/smpp/session.ts";

/** A provider that writes down all that it sees, takes everything, and counts who is bound. */
export interface RecordingSmsc extends AsyncDisposable {
  readonly port: number;
  readonly binds: readonly (BindRequest & { readonly remote: string })[];
  readonly messages: readonly Sms[];
  /** `enquire_link`, `unbind` and whatever else came, with the tick at which it did. */
  readonly pdus: readonly { readonly id: number; readonly atMs: number }[];
  /** The most sessions that were bound at a time. */
  readonly boundMost: number;
  readonly bound: number;
  /** Resolves when this holds. */
  until(isSo: (smsc: RecordingSmsc) => boolean): Promise<void>;
  /** Hands a message to the newest session; gives the command_status of the answer. */
  deliver(sms: Sms): Promise<number>;
}

export async function startRecordingSmsc(
  given: {
    readonly host?: string;
    readonly port?: number;
    /** command_status of a bind; taken when left out. */
    readonly answerBind?: (request: BindRequest) => number;
  } = {},
): Promise<RecordingSmsc> {
  const sockets = new Set<Socket>();
  const sessions = new Set<Session>();
  const binds: (BindRequest & { remote: string })[] = [];
  const messages: Sms[] = [];
  const pdus: { id: number; atMs: number }[] = [];
  const waiting = new Set<() => void>();
  let boundMost = 0;
  let lastId = 0;
  const look = (): void => {
    for (const one of waiting) one();
  };
  const owner: SessionOwner = {
    bind(request, session) {
      binds.push({ ...request, remote: session.remote });
      const status = given.answerBind?.(request) ?? 0;
      session.answerBind(request, status, "recorder");
      if (status === 0) sessions.add(session);
      boundMost = Math.max(boundMost, sessions.size);
      look();
    },
    shortMessage(request, session) {
      messages.push(request.sms);
      session.answer(request, 0, String((lastId += 1)));
      look();
    },
    closed(session) {
      sessions.delete(session);
      look();
    },
    dump(direction, pdu) {
      if (direction === "in") pdus.push({ id: pdu.readUInt32BE(4), atMs: performance.now() });
      // The session has not acted on it yet.
      setImmediate(look);
    },
  };
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => {});
    openSession(socket, { role: "smsc", limits: sessionLimits, clock: systemClock, owner });
  });
  const { host = "127.0.0.1", port = 0 } = given;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It listens on TCP.
  const { port: at } = server.address() as AddressInfo;

  const smsc: RecordingSmsc = {
    port: at,
    binds,
    messages,
    pdus,
    get boundMost() {
      return boundMost;
    },
    get bound() {
      return sessions.size;
    },
    until: (isSo) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!isSo(smsc)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    deliver: (sms) =>
      new Promise((resolve, reject) => {
        const session = [...sessions].at(-1);
        if (session === undefined) throw new Error("nobody is bound");
        session.send("deliver_sm", sms, (answer) => {
          if (answer.kind === "unanswered") reject(new Error(`unanswered: ${answer.why}`));
          else resolve(answer.status);
        });
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return smsc;
}
