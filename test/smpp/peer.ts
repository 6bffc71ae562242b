import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { systemClock } from "../../src/model/clock.ts";
import type { Intake } from "../../src/model/intake.ts";
import { createFramer } from "../../src/smpp/framing.ts";
import { type SessionLimits, sessionLimits } from "../../src/smpp/limits.ts";
import { type Header, headerOf } from "../../src/smpp/pdu.ts";
import {
  type BindRequest,
  type CloseReason,
  type OtherRequest,
  type Session,
  type SessionOwner,
  type ShortMessageRequest,
  openSession,
} from "../../src/smpp/session.ts";
import type { Role } from "../../src/smpp/states.ts";

/** The far end of a session: a bare socket that a test drives octet by octet. */
export interface Peer {
  readonly socket: Socket;
  /** Sends hex digits (blanks are left out) or octets. */
  write(octets: string | Buffer): void;
  /** The next PDU that comes; rejects when the connection ends before. */
  next(): Promise<Header & { readonly pdu: Buffer; readonly body: Buffer }>;
  /** Resolves when the far side has ended the connection. */
  readonly ended: Promise<void>;
}

export interface Recorded {
  readonly binds: BindRequest[];
  readonly messages: ShortMessageRequest[];
  readonly others: OtherRequest[];
  readonly faults: unknown[];
  readonly closed: Promise<{ readonly reason: CloseReason; readonly detail: string }>;
  /** How often `closed` was called. */
  closedCount: number;
}

export interface Pair extends AsyncDisposable {
  readonly session: Session;
  /** The socket under the session, only to be watched. */
  readonly near: Socket;
  readonly peer: Peer;
  readonly seen: Recorded;
}

/** A session of ours on a real socket, with a bare peer at its other end and a recording owner. */
export async function openPair(
  role: Role,
  {
    limits = {},
    owner = {},
    reads = true,
    intake,
  }: {
    limits?: Partial<SessionLimits>;
    owner?: Partial<SessionOwner>;
    reads?: boolean;
    intake?: Intake;
  } = {},
): Promise<Pair> {
  const { near, far, server } = await sockets();
  const { recorder, seen } = record(owner);
  const session = openSession(near, {
    role,
    limits: { ...sessionLimits, ...limits },
    clock: systemClock,
    owner: recorder,
    intake,
  });
  return {
    session,
    near,
    peer: peerOn(far, reads),
    seen,
    async [Symbol.asyncDispose]() {
      session.close("draining");
      near.destroy();
      far.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A bare peer that has connected to somebody on this machine. */
export async function connectPeer(port: number): Promise<Peer & Disposable> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return { ...peerOn(socket, true), [Symbol.dispose]: () => socket.destroy() };
}

/** Two ends of one TCP connection on this machine. */
export async function sockets(): Promise<{ near: Socket; far: Socket; server: Server }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on TCP has an AddressInfo, which the type cannot know.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;
  // Half-open, so that the far end stays until a test closes it.
  const far = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  const [[near]] = await Promise.all([once(server, "connection"), once(far, "connect")]);
  if (!(near instanceof Object)) throw new Error("no connection");
  // The event `connection` carries a socket.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { near: near as Socket, far, server };
}

function record(owner: Partial<SessionOwner>): { recorder: SessionOwner; seen: Recorded } {
  const end = Promise.withResolvers<{ reason: CloseReason; detail: string }>();
  const seen: Recorded = {
    binds: [],
    messages: [],
    others: [],
    faults: [],
    closed: end.promise,
    closedCount: 0,
  };
  const recorder: SessionOwner = {
    fault: (error) => seen.faults.push(error),
    ...owner,
    bind(request, session) {
      seen.binds.push(request);
      if (owner.bind !== undefined) owner.bind(request, session);
      else session.answerBind(request, 0, "us");
    },
    shortMessage(request, session) {
      seen.messages.push(request);
      if (owner.shortMessage !== undefined) owner.shortMessage(request, session);
      else session.answer(request, 0, `id-${request.sequence}`);
    },
    closed(session, reason, detail) {
      seen.closedCount += 1;
      owner.closed?.(session, reason, detail);
      end.resolve({ reason, detail });
    },
  };
  return { recorder, seen };
}

function peerOn(socket: Socket, reads: boolean): Peer {
  const framer = createFramer(1_048_576);
  const came: Buffer[] = [];
  const waiting: { resolve: (pdu: Buffer) => void; reject: (error: Error) => void }[] = [];
  const end = Promise.withResolvers<void>();
  let over = false;
  socket.on("error", () => {});
  if (reads) {
    socket.on("data", (chunk: Buffer) => {
      framer.push(chunk);
      for (let pdu = framer.next(); pdu !== undefined; pdu = framer.next()) {
        const waiter = waiting.shift();
        if (waiter === undefined) came.push(Buffer.from(pdu));
        else waiter.resolve(Buffer.from(pdu));
      }
    });
    socket.on("end", finish);
  }
  socket.on("close", finish);

  return {
    socket,
    ended: end.promise,
    write(octets) {
      socket.write(
        Buffer.isBuffer(octets) ? octets : Buffer.from(octets.replace(/\s/g, ""), "hex"),
      );
    },
    async next() {
      const pdu = came.shift() ?? (await later());
      return { ...headerOf(pdu), pdu, body: pdu.subarray(16) };
    },
  };

  function later(): Promise<Buffer> {
    if (over) return Promise.reject(new Error("the connection has ended"));
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  }

  function finish(): void {
    over = true;
    for (const { reject } of waiting.splice(0)) reject(new Error("the connection has ended"));
    end.resolve();
  }
}

/** A whole PDU out of hex digits: the length is put before them. */
export function frame(hex: string): Buffer {
  const rest = Buffer.from(hex.replace(/\s/g, ""), "hex");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(rest.length + 4);
  return Buffer.concat([length, rest]);
}

/** A header: command_id, command_status, sequence_number. */
export function header(
  id: number,
  { status = 0, sequence }: { status?: number; sequence: number },
) {
  const octets = Buffer.alloc(12);
  octets.writeUInt32BE(id, 0);
  octets.writeUInt32BE(status, 4);
  octets.writeUInt32BE(sequence, 8);
  return octets.toString("hex");
}

/** bind_transceiver "Test1" "Pwd1", interface_version 0x34. */
export const BIND_TRX = frame(
  `${header(9, { sequence: 1 })} 5465737431 00 50776431 00 00 34 00 00 00`,
);
