import { type Address, addressOf } from "../model/address.ts";
import type { Message, Sms, Tlv, TraceLine } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import type { MessageTable } from "./tables.ts";
import { hexOf } from "../model/octets-text.ts";

/**
 * What `meta` keeps of a short message: only what differs from what nearly all have, because there
 * is one for each of millions of rows. The octets and the coding have columns of their own.
 */
export interface Meta {
  readonly from?: readonly [ton: number, npi: number, digits: string];
  readonly to?: readonly [ton: number, npi: number, digits: string];
  readonly serviceType?: string;
  readonly esmClass?: number;
  readonly protocolId?: number;
  readonly priority?: number;
  readonly scheduleTime?: string;
  readonly validityPeriod?: string;
  readonly registeredDelivery?: number;
  readonly replaceIfPresent?: number;
  readonly text?: string;
  readonly codingAsked?: true;
  /** Tag and value in hex. */
  readonly tlvs?: readonly (readonly [tag: number, hex: string])[];
  readonly report?: ReportTuple;
  readonly despiteOptOut?: true;
  readonly destinations?: readonly (readonly [ton: number, npi: number, digits: string])[];
  readonly reference?: string;
  readonly tags?: readonly string[];
  readonly callbackUrl?: string;
  readonly joined?: readonly (readonly [id: string, registeredDelivery: number, known?: string])[];
}

type ReportTuple = readonly [
  messageId: string,
  status: Report["status"],
  state: string,
  error: string,
  submittedMs: number | null,
  doneMs: number | null,
  text: string,
  networkError: readonly [type: number, code: number] | null,
];

/** What of a child's content is its parent's, and so is not stored again. */
export interface Shared {
  readonly body: boolean;
  readonly meta: boolean;
}

/** A child whose parent keeps nothing itself is stored whole, so that one look always suffices. */
export function sharedWith(parent: Message, child: Message): Shared {
  if (parent.sms === undefined || child.sms === undefined || parent.sameAsParent)
    return { body: false, meta: false };
  const body = child.sameAsParent || child.sms.octets === parent.sms.octets;
  return { body, meta: child.sms === parent.sms };
}

export const sharesNothing: Shared = { body: false, meta: false };

export function metaText(
  sms: Sms,
  message: Pick<
    Message,
    "from" | "to" | "report" | "joined" | "destinations" | "despiteOptOut" | "client"
  >,
): string {
  const meta: { -readonly [K in keyof Meta]: Meta[K] } = {};
  if (!sameAddress(sms.from, message.from)) meta.from = tupleOf(sms.from);
  if (!sameAddress(sms.to, message.to)) meta.to = tupleOf(sms.to);
  if (sms.serviceType !== "") meta.serviceType = sms.serviceType;
  if (sms.esmClass !== 0) meta.esmClass = sms.esmClass;
  if (sms.protocolId !== 0) meta.protocolId = sms.protocolId;
  if (sms.priority !== 0) meta.priority = sms.priority;
  if (sms.scheduleTime !== "") meta.scheduleTime = sms.scheduleTime;
  if (sms.validityPeriod !== "") meta.validityPeriod = sms.validityPeriod;
  if (sms.registeredDelivery !== 0) meta.registeredDelivery = sms.registeredDelivery;
  if (sms.replaceIfPresent !== 0) meta.replaceIfPresent = sms.replaceIfPresent;
  if (sms.text !== undefined) meta.text = sms.text;
  if (sms.codingAsked === true) meta.codingAsked = true;
  if (sms.tlvs.length > 0) meta.tlvs = sms.tlvs.map((tlv) => [tlv.tag, hexOf(tlv.octets)] as const);
  if (message.report !== undefined) meta.report = reportTuple(message.report);
  if (message.despiteOptOut === true) meta.despiteOptOut = true;
  if (message.destinations !== undefined) meta.destinations = message.destinations.map(tupleOf);
  if (message.joined !== undefined)
    meta.joined = message.joined.map(({ id, registeredDelivery, known }) =>
      known === undefined ? [id, registeredDelivery] : [id, registeredDelivery, known],
    );
  if (message.client !== undefined) {
    const { reference, tags, callbackUrl } = message.client;
    if (reference !== undefined) meta.reference = reference;
    if (tags !== undefined) meta.tags = tags;
    if (callbackUrl !== undefined) meta.callbackUrl = callbackUrl;
  }
  return JSON.stringify(meta);
}

type MessageColumns = Omit<MessageTable, "at">;

/** The part of a parent's row that a child may share. */
export interface ParentColumns {
  readonly parent_body: Buffer | null;
  readonly parent_data_coding: number | null;
  readonly parent_meta: string | null;
  readonly parent_from: string | null;
  readonly parent_to: string | null;
}

/** A message out of its row, with what it shares with its parent put back. */
export function messageFrom(row: MessageColumns & ParentColumns): Message {
  const { sms, report, joined, destinations, despiteOptOut, client } = contentFrom(row);
  return {
    id: row.id,
    root: row.root,
    parent: row.parent ?? undefined,
    kind: row.kind,
    direction: row.direction,
    channel: row.channel,
    account: row.account ?? undefined,
    from: row.from_address,
    to: row.to_address,
    sms,
    report,
    ...(joined === undefined ? {} : { joined }),
    ...(destinations === undefined ? {} : { destinations }),
    ...(despiteOptOut === undefined ? {} : { despiteOptOut }),
    ...(client === undefined ? {} : { client }),
    sameAsParent: sms !== undefined && row.meta === null,
    hops: row.hops,
    log: linesFrom(row.log),
  };
}

export function linesFrom(text: string): TraceLine[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only flush.ts writes it.
  return JSON.parse(text) as TraceLine[];
}

function contentFrom(
  row: MessageColumns & ParentColumns,
): Pick<Message, "sms" | "report" | "joined" | "destinations" | "despiteOptOut" | "client"> {
  const text = row.meta ?? row.parent_meta;
  if (text === null) return { sms: undefined, report: undefined };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only metaText writes it.
  const meta = JSON.parse(text) as Meta;
  return {
    sms: smsFrom(row, meta),
    report: meta.report === undefined ? undefined : reportFrom(meta.report),
    ...(meta.destinations === undefined
      ? {}
      : { destinations: meta.destinations.map(([ton, npi, digits]) => ({ ton, npi, digits })) }),
    ...(meta.despiteOptOut === undefined ? {} : { despiteOptOut: true }),
    ...clientFrom(meta),
    ...(meta.joined === undefined
      ? {}
      : {
          joined: meta.joined.map(([id, registeredDelivery, known]) => ({
            id,
            registeredDelivery,
            ...(known === undefined ? {} : { known }),
          })),
        }),
  };
}

function clientFrom({ reference, tags, callbackUrl }: Meta): Pick<Message, "client"> {
  if (reference === undefined && tags === undefined && callbackUrl === undefined) return {};
  return {
    client: {
      ...(reference !== undefined && { reference }),
      ...(tags !== undefined && { tags }),
      ...(callbackUrl !== undefined && { callbackUrl }),
    },
  };
}

function smsFrom(row: MessageColumns & ParentColumns, meta: Meta): Sms {
  const shared = row.meta === null;
  const from = (shared ? row.parent_from : undefined) ?? row.from_address;
  const to = (shared ? row.parent_to : undefined) ?? row.to_address;
  return {
    from: meta.from === undefined ? addressOf(from) : addressFrom(meta.from),
    to: meta.to === undefined ? addressOf(to) : addressFrom(meta.to),
    serviceType: meta.serviceType ?? "",
    esmClass: meta.esmClass ?? 0,
    protocolId: meta.protocolId ?? 0,
    priority: meta.priority ?? 0,
    scheduleTime: meta.scheduleTime ?? "",
    validityPeriod: meta.validityPeriod ?? "",
    registeredDelivery: meta.registeredDelivery ?? 0,
    replaceIfPresent: meta.replaceIfPresent ?? 0,
    dataCoding: row.data_coding ?? row.parent_data_coding ?? 0,
    octets: row.body ?? row.parent_body ?? Buffer.alloc(0),
    text: meta.text,
    ...(meta.codingAsked === undefined ? {} : { codingAsked: true }),
    tlvs: (meta.tlvs ?? []).map(tlvFrom),
  };
}

/** May the address be made again from the canonical form? Then it is not stored twice. */
function sameAddress(address: Address, canonical: string): boolean {
  // Nearly all are E.164; for them nothing is made that is thrown away.
  if (address.ton === 1 && address.npi === 1 && canonical.startsWith("+"))
    return canonical.length === address.digits.length + 1 && canonical.endsWith(address.digits);
  const again = addressOf(canonical);
  return again.ton === address.ton && again.npi === address.npi && again.digits === address.digits;
}

function reportTuple(report: Report): ReportTuple {
  const { messageId, status, state, error, submittedMs, doneMs, text, networkError } = report;
  const network =
    networkError === undefined ? null : ([networkError.type, networkError.code] as const);
  return [messageId, status, state, error, submittedMs ?? null, doneMs ?? null, text, network];
}

function reportFrom(tuple: ReportTuple): Report {
  const [messageId, status, state, error, submittedMs, doneMs, text, network] = tuple;
  return {
    messageId,
    status,
    state,
    error,
    submittedMs: submittedMs ?? undefined,
    doneMs: doneMs ?? undefined,
    text,
    networkError: network === null ? undefined : { type: network[0], code: network[1] },
  };
}

function tupleOf(address: Address): readonly [number, number, string] {
  return [address.ton, address.npi, address.digits];
}

function addressFrom([ton, npi, digits]: readonly [number, number, string]): Address {
  return { ton, npi, digits };
}

function tlvFrom([tag, hex]: readonly [number, string]): Tlv {
  return { tag, octets: Buffer.from(hex, "hex") };
}
