import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { GatewayError } from "../model/error.ts";
import { COMMAND, GENERIC_NACK, isResponse, responseTo } from "../smpp/command.ts";
import { createFramer } from "../smpp/framing.ts";
import { encodeRare } from "../smpp/rare.ts";
import { encodeShortMessageAnswer } from "../smpp/short-message.ts";
import { type Header, headerOctets, headerOf, newPdu } from "../smpp/pdu.ts";

/** A PDU of the peer. */
export interface Came extends Header {
  readonly pdu: Buffer;
}

/** What a peer did: it answered, closed the connection, or did neither in the time. */
export type Seen =
  | ({ readonly kind: "answer" } & Came)
  | { readonly kind: "closed" }
  | { readonly kind: "silent" };

/** A connection without a session of ours, so that anything can be written, right or wrong. */
export interface Wire {
  readonly isOpen: boolean;
  /** 1, 2, 3, ...: a number that no PDU of ours had on this connection. */
  sequence(): number;
  /** Writes octets in one piece; after the end nothing. */
  write(octets: Buffer): void;
  /** Writes a request and waits for its answer, or a generic_nack of its number or of 0. */
  ask(pdu: Buffer): Promise<Seen>;
  /** The next PDU that is an answer, whatever it answers. */
  next(): Promise<Seen>;
  /** The next request of the peer with this command_id; others and answers are read past. */
  request(command: number, waitMs: number): Promise<Seen>;
  /** Waits for the end of the connection. */
  ended(waitMs: number): Promise<Seen>;
  /** From now on requests of the peer get no answer. Before, enquire_link and messages do. */
  mute(): void;
  close(): Promise<void>;
}

/** Where a server is and how long it is waited for. */
export interface WireOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: ConnectionOptions | undefined;
  /** ms. How long an answer is waited for. */
  readonly waitMs: number;
}

/** PDUs that are kept until somebody asks for them; a peer that sends more is cut off. */
const keptMax = 10_000;

/** Connects; rejects with `connection_lost` when nobody is there. */
export async function openWire(options: WireOptions): Promise<Wire> {
  return wireOn(await connected(options), options.waitMs);
}

/** The same over a socket that is connected, on whichever side. Answers are waited for `waitMs`. */
export function wireOn(socket: Socket, waitMs: number): Wire {
  const framer = createFramer(1_048_576);
  const came: Came[] = [];
  let open = true;
  let muted = false;
  let last = 0;
  let wake = (): void => {};

  const over = (): void => {
    open = false;
    wake();
  };
  socket.on("error", over);
  socket.on("end", () => socket.end());
  socket.on("close", over);
  socket.on("data", (chunk: Buffer) => {
    framer.push(chunk);
    try {
      for (let pdu = framer.next(); pdu !== undefined; pdu = framer.next()) take(pdu);
    } catch {
      // What it sends cannot be cut into PDUs any more.
      socket.destroy();
    }
    wake();
  });

  function take(pdu: Buffer): void {
    const header = headerOf(pdu);
    if (came.length >= keptMax) socket.destroy();
    else came.push({ ...header, pdu: Buffer.from(pdu) });
    if (!muted && !isResponse(header.id)) answer(header);
  }

  function answer({ id, sequence }: Header): void {
    if (id === COMMAND.enquire_link || id === COMMAND.unbind)
      socket.write(newPdu(headerOctets, responseTo(id), 0, sequence));
    else if (id === COMMAND.deliver_sm || id === COMMAND.data_sm) {
      const command = id === COMMAND.deliver_sm ? "deliver_sm" : "data_sm";
      socket.write(encodeShortMessageAnswer(command, { sequence, status: 0, messageId: "" }));
    }
  }

  /** The first PDU that fits, come or to come; what does not fit is forgotten. */
  async function first(fits: (one: Came) => boolean, waitMs: number): Promise<Seen> {
    const untilMs = performance.now() + waitMs;
    for (;;) {
      for (let one = came.shift(); one !== undefined; one = came.shift())
        if (fits(one)) return { kind: "answer", ...one };
      const leftMs = untilMs - performance.now();
      if (!open) return { kind: "closed" };
      if (leftMs <= 0) return { kind: "silent" };
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  return {
    get isOpen() {
      return open;
    },
    sequence: () => (last += 1),
    write(octets) {
      if (open) socket.write(octets);
    },
    ask(pdu) {
      const { id, sequence } = headerOf(pdu);
      if (open) socket.write(pdu);
      return first(
        (one) =>
          (one.id === responseTo(id) && one.sequence === sequence) ||
          (one.id === GENERIC_NACK && (one.sequence === sequence || one.sequence === 0)),
        waitMs,
      );
    },
    next: () => first(({ id }) => isResponse(id), waitMs),
    request: (command, ms) => first(({ id }) => id === command, ms),
    ended: (ms) => first(() => false, ms),
    mute() {
      muted = true;
    },
    async close() {
      if (!open) return;
      socket.end();
      await first(() => false, closeMs);
      socket.destroy();
    },
  };
}

/** ms. How long the peer's own end is waited for; some never close theirs. */
const closeMs = 500;

/** ms. Until the connection stands, TLS included. */
const connectTimeoutMs = 5_000;

function connected({ host, port, tls }: WireOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      tls === undefined
        ? connect({ host, port, noDelay: true, allowHalfOpen: true })
        : connectTls({ ...(isIP(host) === 0 && { servername: host }), ...tls, host, port });
    const failed = (cause: Error): void => {
      socket.destroy();
      reject(new GatewayError("connection_lost", `${host}:${port}: ${cause.message}`, { cause }));
    };
    socket.setTimeout(connectTimeoutMs, () => failed(new Error("no connection in time")));
    socket.once("error", failed);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.removeListener("error", failed);
      resolve(socket);
    });
  });
}

/** An enquire_link, which any living session answers. */
export function enquireLink(sequence: number): Buffer {
  return encodeRare("enquire_link", { sequence });
}
