import { GatewayError, commandStatusOf } from "../model/error.ts";
import { type BindRequest, decodeBind, encodeBindAnswer } from "./bind.ts";
import {
  type BindCommand,
  COMMAND,
  type Command,
  GENERIC_NACK,
  type OtherCommand,
  type ShortMessageCommand,
  commandOf,
  hasResponse,
  responseTo,
} from "./command.ts";
import type { OtherRequest, Session, ShortMessageRequest } from "./contract.ts";
import type { Link } from "./link.ts";
import { type Header, headerOctets, newPdu } from "./pdu.ts";
import { type Fields, decodeRare, encodeRare } from "./rare.ts";
import { decodeShortMessage, encodeShortMessageAnswer } from "./short-message.ts";
import { BOUND_STATE, type Role, isBound, isLegal } from "./states.ts";
import { checkSubmitted } from "./submit-rules.ts";

/** The requests of the peer: what is illegal or broken is refused here, the rest is the owner's. */
export interface Incoming extends Pick<Session, "answerBind" | "answer" | "answerOther"> {
  /** Requests that the owner has not answered. */
  readonly size: number;
  onRequest(header: Header, pdu: Buffer): void;
  /** Forgets what is not answered: nobody would hear it. */
  drop(): void;
}

export function createIncoming(link: Link): Incoming {
  const { role, limits, owner, counters, timers } = link;
  const peer: Role = role === "smsc" ? "esme" : "smsc";
  /** 0x64 makes a provider try again; 0x58 and 0x08 would be new to it (SMPP v3.4 §5.1.3). */
  const busyStatus = commandStatusOf(role === "smsc" ? "overloaded" : "try_later");
  const faultStatus = commandStatusOf(role === "smsc" ? "internal" : "try_later");
  const owed = new Set<ShortMessageRequest | OtherRequest>();
  let bindOwed: BindRequest | undefined;

  return {
    get size() {
      return owed.size;
    },
    onRequest,
    answerBind,
    answer,
    answerOther,
    drop: () => owed.clear(),
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
      case "submit_multi":
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

  function onShortMessage(command: ShortMessageCommand, sequence: number, pdu: Buffer): void {
    counters.received += 1;
    timers.messageMs = timers.readMs;
    if (owed.size >= limits.peerRequestsMax) return refuse(command, sequence, busyStatus);
    let request: ShortMessageRequest;
    try {
      request = { command, sequence, sms: decodeShortMessage(command, pdu) };
      if (role === "smsc") checkSubmitted(request.sms, link.version);
    } catch (error) {
      return refuse(command, sequence, statusOf(error));
    }
    owed.add(request);
    try {
      owner.shortMessage(request, link.session);
    } catch (error) {
      link.fault(error);
      answer(request, faultStatus);
    }
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
    let request: OtherRequest;
    try {
      request = { command, sequence, ...decodeRare(command, pdu) };
    } catch (error) {
      return refuse(command, sequence, statusOf(error));
    }
    if (hasResponse(command)) owed.add(request);
    try {
      owner.other(request, link.session);
    } catch (error) {
      link.fault(error);
      answerOther(request, faultStatus);
    }
  }

  function answerBind(request: BindRequest, status: number, systemId: string): void {
    if (bindOwed !== request || link.state !== "open") return;
    const pdu = encodeBindAnswer(request, { status, systemId });
    bindOwed = undefined;
    if (status === 0) {
      link.state = BOUND_STATE[request.bindType];
      link.version = request.version;
    } else timers.unboundMs = link.clock.tickMs();
    link.write(pdu);
  }

  function answer(request: ShortMessageRequest, status: number, messageId = ""): void {
    if (!owed.delete(request)) return;
    const { command, sequence } = request;
    try {
      link.write(encodeShortMessageAnswer(command, { sequence, status, messageId }));
    } catch (error) {
      // An id of ours that no peer could read.
      link.fault(error);
      link.write(
        encodeShortMessageAnswer(command, { sequence, status: faultStatus, messageId: "" }),
      );
    }
    link.settled();
  }

  function answerOther(request: OtherRequest, status: number, fields?: Fields): void {
    if (!owed.delete(request)) return;
    const { sequence } = request;
    const response = `${request.command}_resp`;
    try {
      const body = fields === undefined ? {} : { fields };
      link.write(encodeRare(response, { sequence, status, ...body }));
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
