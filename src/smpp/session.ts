import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { commandStatusOf } from "../model/error.ts";
import { withoutPassword } from "./bind.ts";
import { COMMAND, GENERIC_NACK, isResponse, responseTo } from "./command.ts";
import type { CloseReason, Session, SessionOptions } from "./contract.ts";
import { createFramer } from "./framing.ts";
import { createIncoming } from "./incoming.ts";
import { lingerMs, pauseAboveRequests } from "./limits.ts";
import type { Link } from "./link.ts";
import { createOutbox } from "./outbox.ts";
import { createOutgoing } from "./outgoing.ts";
import { headerOctets, headerOf, newPdu } from "./pdu.ts";
import { isBound } from "./states.ts";
import { newTimers, tick, tickEveryMs } from "./timers.ts";
import { version34 } from "./version.ts";

// The door for who opens sessions: what they need to name comes from here.
export type { BindFields, BindRequest, BindResult } from "./bind.ts";
export type * from "./contract.ts";
export type { SessionState } from "./states.ts";

/** How far the end of a session has come: our window empties, unbind is asked, answers are owed. */
type Ending =
  | { readonly stage: "emptying" | "asked"; readonly untilMs: number }
  | { readonly stage: "answering"; readonly untilMs: number; readonly sequence: number };

/** After these the peer reads nothing any more. */
const ABRUPT: ReadonlySet<CloseReason> = new Set<CloseReason>([
  "connection_error",
  "enquire_link_unanswered",
  "peer_not_reading",
]);

/** Takes over a connected socket, plain or TLS. The caller must not touch it afterwards. */
export function openSession(socket: Socket, options: SessionOptions): Session {
  const { limits, clock, owner } = options;
  const framer = createFramer(limits.pduOctetsMax);
  const counters = { received: 0, sent: 0, refused: 0, timedOut: 0, late: 0, stray: 0, writes: 0 };
  const outbox = createOutbox(socket, counters);
  const timers = newTimers(clock.tickMs());
  const onEnd: (() => void)[] = [];
  let ending: Ending | undefined;
  let paused = false;

  const link: Link = {
    ...options,
    timers,
    counters,
    state: "open",
    version: version34,
    ending: false,
    waitingOctets: () => outbox.octets,
    write,
    settled,
    unbindAsked: (sequence) => {
      link.state = "unbound";
      startEnding({ stage: "answering", untilMs: clock.tickMs() + limits.unbindMs, sequence });
    },
    fault,
    get session() {
      return session;
    },
  };
  const incoming = createIncoming(link);
  const outgoing = createOutgoing(link);
  const session: Session = {
    id: randomBytes(6).toString("hex"),
    remote: remoteOf(socket),
    tls: socket instanceof TLSSocket,
    get state() {
      return link.state;
    },
    get version() {
      return link.version;
    },
    counters: link.counters,
    answerBind: incoming.answerBind,
    answer: incoming.answer,
    answerOther: incoming.answerOther,
    bind: outgoing.bind,
    room: outgoing.room,
    send: outgoing.send,
    ask: outgoing.ask,
    announce: outgoing.announce,
    unbind,
    close: (reason) => end(reason, ""),
  };

  const beat = setInterval(onBeat, tickEveryMs(limits));
  beat.unref();
  socket.setNoDelay(true);
  socket.on("data", (chunk: Buffer) => {
    if (link.state === "closed") return;
    timers.readMs = clock.tickMs();
    framer.push(chunk);
    readPdus();
  });
  socket.on("end", () => end("peer_closed", ""));
  socket.on("error", (error) => end("connection_error", error.message));
  socket.on("close", () => end("peer_closed", ""));
  return session;

  function readPdus(): void {
    while (link.state !== "closed") {
      if (incoming.pressing > limits.peerRequestsMax + pauseAboveRequests) {
        paused = true;
        socket.pause();
        return;
      }
      let pdu: Buffer | undefined;
      try {
        pdu = framer.next();
      } catch (error) {
        write(newPdu(headerOctets, GENERIC_NACK, commandStatusOf("bad_pdu_length"), 0));
        end("bad_length", error instanceof Error ? error.message : "");
        return;
      }
      if (pdu === undefined) return;
      if (owner.dump !== undefined) dump("in", pdu);
      const header = headerOf(pdu);
      if (isResponse(header.id)) outgoing.onResponse(header, pdu);
      else incoming.onRequest(header, pdu);
    }
  }

  function settled(): void {
    if (ending !== undefined) endStep(false);
    if (!paused || incoming.pressing > limits.peerRequestsMax || link.state === "closed") return;
    paused = false;
    // Not from here: the owner may be in the middle of answering many.
    setImmediate(() => {
      readPdus();
      if (!paused) socket.resume();
    });
  }

  function onBeat(): void {
    const nowMs = clock.tickMs();
    const fellSilent = outgoing.expire(nowMs);
    if (outgoing.isHeardAgain()) owner.heardAgain?.(session);
    if (ending !== undefined) endStep(nowMs >= ending.untilMs);
    if (link.state === "closed") return;
    // What we do not read we cannot hold against the peer.
    if (paused) {
      timers.readMs = nowMs;
      if (timers.enquiredMs !== undefined) timers.enquiredMs = nowMs;
    }
    const due = tick(timers, limits, nowMs);
    if (due !== "wait" && due !== "enquireLink") return end(due, "");
    // Nothing is sent to a peer that was silent until it is heard: it need not wait for its turn to be asked.
    const asks = due === "enquireLink" || (fellSilent && timers.enquiredMs === undefined);
    if (!asks) return;
    timers.enquiredMs = nowMs;
    outgoing.request("enquire_link", bare(COMMAND.enquire_link), (outcome) => {
      if (typeof outcome !== "string") timers.enquiredMs = undefined;
    });
  }

  async function unbind(): Promise<void> {
    if (link.state === "closed") return;
    const ended = new Promise<void>((resolve) => onEnd.push(resolve));
    incoming.hurry();
    if (!isBound(link.state) && ending === undefined) end("unbound", "");
    else if (ending === undefined)
      startEnding({ stage: "emptying", untilMs: clock.tickMs() + limits.unbindMs });
    await ended;
  }

  function startEnding(how: Ending): void {
    ending = how;
    link.ending = true;
    endStep(false);
  }

  /** Goes on with the end if what it waits for has come, or the time for that is over. */
  function endStep(overdue: boolean): void {
    if (ending === undefined || link.state === "closed") return;
    switch (ending.stage) {
      case "emptying":
        if (outgoing.size > 0 && !overdue) return;
        ending = { stage: "asked", untilMs: clock.tickMs() + limits.unbindMs };
        outgoing.request("unbind", bare(COMMAND.unbind), (outcome) =>
          end(typeof outcome === "string" ? "unbind_unanswered" : "unbound", ""),
        );
        break;
      case "asked":
        if (overdue) end("unbind_unanswered", "");
        break;
      case "answering":
        if (incoming.size > 0 && !overdue) return;
        write(bare(responseTo(COMMAND.unbind))(ending.sequence));
        end("peer_unbound", "");
        break;
    }
  }

  function write(pdu: Buffer): void {
    if (link.state === "closed") return;
    if (owner.dump !== undefined) dump("out", pdu);
    outbox.push(pdu);
    if (outbox.octets > limits.writeBufferOctetsMax)
      end("peer_not_reading", `${outbox.octets} octets wait for it`);
  }

  function end(reason: CloseReason, detail: string): void {
    if (link.state === "closed") return;
    link.state = "closed";
    clearInterval(beat);
    if (ABRUPT.has(reason)) socket.destroy();
    else endSocket();
    incoming.drop();
    outgoing.drop();
    for (const ended of onEnd) ended();
    try {
      owner.closed(session, reason, detail);
    } catch (error) {
      fault(error);
    }
  }

  function endSocket(): void {
    outbox.flush();
    socket.end();
    // What the peer still sends is read and dropped: unread octets would make the system reset the
    // connection, and the peer would lose our last words.
    socket.resume();
    const linger = setTimeout(() => socket.destroy(), lingerMs);
    linger.unref();
    socket.once("close", () => clearTimeout(linger));
  }

  function fault(error: unknown): void {
    if (owner.fault !== undefined) owner.fault(error, session);
    else process.emitWarning(error instanceof Error ? error : String(error));
  }

  function dump(direction: "in" | "out", pdu: Buffer): void {
    try {
      owner.dump?.(direction, withoutPassword(pdu), session);
    } catch (error) {
      fault(error);
    }
  }
}

/** A PDU that is only a header. */
function bare(id: number): (sequence: number) => Buffer {
  return (sequence) => newPdu(headerOctets, id, 0, sequence);
}

function remoteOf(socket: Socket): string {
  const address = socket.remoteAddress ?? "?";
  return `${address.includes(":") ? `[${address}]` : address}:${socket.remotePort ?? 0}`;
}
