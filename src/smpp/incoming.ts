import { GatewayError, commandStatusOf } from "../model/error.ts";
import { modeOf } from "../model/mode.ts";
import { type BindRequest, decodeBind, encodeBindAnswer } from "./bind.ts";
import {
  type BindCommand,
  COMMAND,
  type Command,
  GENERIC_NACK,
  type OtherCommand,
  type MessageCommand,
  commandOf,
  hasResponse,
  responseTo,
} from "./command.ts";
import type { OtherRequest, Session, ShortMessageRequest } from "./contract.ts";
import type { Link } from "./link.ts";
import { type Header, headerOctets, newPdu } from "./pdu.ts";
import { type Fields, type Unreached, decodeRare, encodeRare } from "./rare.ts";
import { decodeSubmitMulti, encodeSubmitMultiAnswer } from "./submit-multi.ts";
import { decodeShortMessage, encodeShortMessageAnswer } from "./short-message.ts";
import { BOUND_STATE, type Role, isBound, isLegal } from "./states.ts";
import { congestionOf, knownVersion, statusFor, version50 } from "./version.ts";
import { checkSubmitted, destinationFault } from "./submit-rules.ts";

/** The requests of the peer: what is illegal or broken is refused here, the rest is the owner's. */
export interface Incoming extends Pick<Session, "answerBind" | "answer" | "answerOther"> {
  /** Requests that have no answer, those that wait for their turn included. */
  readonly size: number;
  /** Those of them whose answer is not withheld until an outcome is known. */
  readonly pressing: number;
  onRequest(header: Header, pdu: Buffer): void;
  /** No message waits for its turn any more: the session is about to end. */
  hurry(): void;
  /** Forgets what is not answered: nobody would hear it. */
  drop(): void;
}

/** A message as it came. */
interface Held {
  readonly command: MessageCommand;
  readonly sequence: number;
  readonly pdu: Buffer;
  readonly receivedMs: number;
}

export function createIncoming(link: Link): Incoming {
  const { role, limits, owner, counters, timers } = link;
  const peer: Role = role === "smsc" ? "esme" : "smsc";
  /** 0x64 makes a provider try again; 0x58 and 0x08 would be new to it (SMPP v3.4 §5.1.3). */
  const busyStatus = commandStatusOf(role === "smsc" ? "overloaded" : "try_later");
  const faultStatus = commandStatusOf(role === "smsc" ? "internal" : "try_later");
  /** Requests that the peer has no answer to. */
  let owed = 0;
  /** Those of them in transaction mode: their answers take as long as a phone does. */
  let patient = 0;
  /** Those of them that are no messages. */
  let othersOwed = 0;
  /** Messages that wait for their turn, and whether it is going to come. */
  let held: Held[] = [];
  let inLine = false;
  let dropped = false;
  let bindOwed: BindRequest | undefined;

  return {
    get size() {
      return owed + held.length;
    },
    get pressing() {
      return pressing();
    },
    onRequest,
    hurry: () => void takeHeld(Infinity),
    answerBind,
    answer,
    answerOther,
    drop() {
      owed = 0;
      held = [];
      dropped = true;
      patient = 0;
    },
  };

  function onRequest({ id, sequence }: Header, pdu: Buffer): void {
    const command = commandOf(id);
    if (command === undefined) {
      counters.refused += 1;
      nack(sequence, commandStatusOf("unsupported_command"));
      return;
    }
    if (!isLegal(command, peer, link.state)) return refuseIllegal(command, sequence);
    switch (command) {
      case "submit_sm":
      case "deliver_sm":
      case "data_sm":
      case "submit_multi":
        onShortMessage(command, sequence, pdu);
        break;
      case "enquire_link":
        link.write(newPdu(headerOctets, responseTo(id), 0, sequence));
        break;
      case "bind_receiver":
      case "bind_transmitter":
      case "bind_transceiver":
        onBind(command, sequence, pdu);
        break;
      case "unbind":
        link.unbindAsked(sequence);
        break;
      case "query_sm":
      case "cancel_sm":
      case "replace_sm":
      case "outbind":
      case "alert_notification":
      case "broadcast_sm":
      case "query_broadcast_sm":
      case "cancel_broadcast_sm":
        onOther(command, sequence, pdu);
        break;
    }
  }

  function refuseIllegal(command: Command, sequence: number): void {
    const bindsAgain = command.startsWith("bind_") && role === "smsc" && isBound(link.state);
    refuse(command, sequence, commandStatusOf(bindsAgain ? "already_bound" : "wrong_bind_state"));
  }

  function onShortMessage(command: MessageCommand, sequence: number, pdu: Buffer): void {
    counters.received += 1;
    timers.messageMs = timers.readMs;
    if (pressing() >= limits.peerRequestsMax) return refuse(command, sequence, busyStatus);
    const one = { command, sequence, pdu, receivedMs: timers.readMs };
    if (link.intake === undefined) return takeUp(one);
    held.push(one);
    if (inLine) return;
    inLine = true;
    link.intake.enter(inTurn);
  }

  function inTurn(most: number): number {
    const took = takeHeld(most);
    inLine = took === most;
    return took;
  }

  function takeHeld(most: number): number {
    const taken = held.splice(0, most);
    for (const one of taken) takeUp(one);
    // One that could not be read is answered without its owner.
    if (taken.length > 0) link.settled();
    return taken.length;
  }

  function takeUp({ command, sequence, pdu, receivedMs }: Held): void {
    let request: ShortMessageRequest;
    try {
      request =
        command === "submit_multi"
          ? { command, sequence, receivedMs, isOwed: true, ...decodeSubmitMulti(pdu) }
          : {
              command,
              sequence,
              receivedMs,
              isOwed: true,
              sms: decodeShortMessage(command, pdu, link.version),
            };
      if (role === "smsc") checkSubmitted(request.sms, link.version);
      // Of a message to many each has an outcome of its own.
      const fault =
        role === "smsc" && command !== "submit_multi"
          ? destinationFault(request.sms.to)
          : undefined;
      if (fault !== undefined) throw new GatewayError(fault);
    } catch (error) {
      return refuse(command, sequence, statusOf(error));
    }
    if (isPatient(request)) {
      if (patient >= limits.peerRequestsMax) return refuse(command, sequence, busyStatus);
      patient += 1;
    }
    owed += 1;
    try {
      owner.shortMessage(request, link.session);
    } catch (error) {
      link.fault(error);
      answer(request, faultStatus);
    }
  }

  function isPatient({ sms }: ShortMessageRequest): boolean {
    return role === "smsc" && modeOf(sms.esmClass) === "transaction";
  }

  /** How loaded we are, to peers that know the parameter; of this session, as that is what it can mend. */
  function congestion(): Buffer | undefined {
    if (link.version < version50) return undefined;
    return Buffer.of(congestionOf(pressing(), limits.peerRequestsMax));
  }

  function pressing(): number {
    return owed + held.length - patient;
  }

  function onBind(command: BindCommand, sequence: number, pdu: Buffer): void {
    if (bindOwed !== undefined) return refuse(command, sequence, commandStatusOf("already_bound"));
    let request: BindRequest;
    try {
      request = decodeBind(command, pdu);
    } catch (error) {
      return refuse(command, sequence, statusOf(error));
    }
    bindOwed = request;
    timers.unboundMs = undefined;
    try {
      owner.bind(request, link.session);
    } catch (error) {
      link.fault(error);
      answerBind(request, faultStatus, "");
    }
  }

  function onOther(command: OtherCommand, sequence: number, pdu: Buffer): void {
    if (owner.other === undefined)
      return refuse(command, sequence, commandStatusOf("unsupported_command"));
    if (othersOwed >= limits.peerQuestionsMax && hasResponse(command))
      return refuse(command, sequence, busyStatus);
    let request: OtherRequest;
    try {
      request = { command, sequence, isOwed: hasResponse(command), ...decodeRare(command, pdu) };
    } catch (error) {
      return refuse(command, sequence, statusOf(error));
    }
    if (hasResponse(command)) {
      owed += 1;
      othersOwed += 1;
    }
    try {
      owner.other(request, link.session);
    } catch (error) {
      link.fault(error);
      answerOther(request, faultStatus);
    }
  }

  function answerBind(request: BindRequest, status: number, systemId: string): void {
    if (bindOwed !== request || link.state !== "open") return;
    const known = statusFor(status, request.version);
    const pdu = encodeBindAnswer(request, { status: known, systemId });
    bindOwed = undefined;
    if (status === 0) {
      link.state = BOUND_STATE[request.bindType];
      link.version = knownVersion(request.version);
    } else timers.unboundMs = link.clock.tickMs();
    link.write(pdu);
  }

  /** True once. */
  function isOwed(request: ShortMessageRequest | OtherRequest): boolean {
    if (dropped || !request.isOwed) return false;
    request.isOwed = false;
    owed -= 1;
    return true;
  }

  function answer(
    request: ShortMessageRequest,
    status: number,
    messageId = "",
    unreached: readonly Unreached[] = [],
  ): void {
    if (!isOwed(request)) return;
    if (isPatient(request)) patient -= 1;
    try {
      const known = statusFor(status, link.version);
      link.write(encodeAnswer(request, known, messageId, unreached, congestion()));
    } catch (error) {
      // An id of ours that no peer could read.
      link.fault(error);
      link.write(encodeAnswer(request, faultStatus, "", []));
    }
    link.settled();
  }

  function answerOther(request: OtherRequest, status: number, fields?: Fields): void {
    if (!isOwed(request)) return;
    othersOwed -= 1;
    const { sequence } = request;
    const response = `${request.command}_resp`;
    try {
      const body = fields === undefined ? {} : { fields };
      const known = statusFor(status, link.version);
      link.write(encodeRare(response, { sequence, status: known, ...body }));
    } catch (error) {
      link.fault(error);
      link.write(encodeRare(response, { sequence, status: faultStatus }));
    }
    link.settled();
  }

  function refuse(command: Command, sequence: number, status: number): void {
    counters.refused += 1;
    if (!hasResponse(command)) nack(sequence, status);
    else if (command === "deliver_sm" || command === "data_sm")
      link.write(encodeShortMessageAnswer(command, { sequence, status, messageId: "" }));
    else link.write(newPdu(headerOctets, responseTo(COMMAND[command]), status, sequence));
  }

  function nack(sequence: number, status: number): void {
    link.write(newPdu(headerOctets, GENERIC_NACK, status, sequence));
  }

  /** The status for a PDU that could not be taken. */
  function statusOf(error: unknown): number {
    if (error instanceof GatewayError) return commandStatusOf(error.code);
    link.fault(error);
    return faultStatus;
  }
}

function encodeAnswer(
  { command, sequence }: ShortMessageRequest,
  status: number,
  messageId: string,
  unreached: readonly Unreached[],
  congestion?: Buffer,
): Buffer {
  return command === "submit_multi"
    ? encodeSubmitMultiAnswer({ sequence, status, messageId, unreached })
    : encodeShortMessageAnswer(command, { sequence, status, messageId, congestion });
}
