import { type KeptOptions, messageIdFor } from "../model/account-options.ts";
import type { Clock } from "../model/clock.ts";
import { idTimeMs } from "../model/id.ts";
import type { Message } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { Announcer, Hook, WebhookEndpoint, WebhookEvent } from "../model/webhook.ts";

/** Of the form of what is told; another one when something in it means something else. */
const apiVersion = "1";

/** What a final status is told as. */
const ENDS: Readonly<Partial<Record<Status, WebhookEvent>>> = {
  DELIVERED: "message.delivered",
  NOTDELIVERED: "message.not_delivered",
  NOREPORT: "message.no_report",
  FAILED: "message.failed",
  EXPIRED: "message.failed",
  CANCELLED: "message.cancelled",
};

const none: readonly Hook[] = [];

/** Why a call is given up before it was tried; an operator reads it. */
const tooMuch = "too much waited for this webhook";
/** registered_delivery bits 0-1 and bit 4 (SMPP v3.4 §5.2.17): the outcome is asked for, the steps before, too. */
const outcomeBits = 0x03;
const stepsBit = 0x10;

export interface AnnounceParts {
  /** Those of an account that can be told now; undefined for nearly all accounts. */
  readonly endpointsOf: (account: string) => readonly WebhookEndpoint[] | undefined;
  /** Where his messages are told that name a URL themselves; undefined when he is told nothing there. */
  readonly callbacksOf: (account: string) => WebhookEndpoint | undefined;
  /** Too much waits for it: what is new is given up at once, which loses nothing. */
  readonly isFull: (endpoint: WebhookEndpoint) => boolean;
  readonly optionsOf: (account: string) => KeptOptions;
  /** Whom a channel leads to: `SENT` a provider, `DELIVERED` customers; undefined for one that is gone. */
  readonly takenOn: (channel: string) => "SENT" | "DELIVERED" | undefined;
  readonly newId: () => string;
  readonly clock: Clock;
}

/** Makes what customers are told; pure but for ids and the time. */
export function createAnnouncer(parts: AnnounceParts): Announcer {
  const { endpointsOf, callbacksOf, isFull, optionsOf, takenOn, newId, clock } = parts;

  return {
    accepted({ message, forwards, status, error, ...content }) {
      const { account, channel, kind } = message;
      if (kind !== "sms") return none;
      const hooks: Hook[] = [];
      const toCustomers = forwards.filter(({ channel: to }) => takenOn(to) === "DELIVERED");
      // A provider's message is a customer's as far as it goes on to him.
      if (takenOn(channel) === "SENT") {
        if (toCustomers.length === 0 && account !== undefined)
          inbound(hooks, message, message, content);
      } else if (account !== undefined && isTold(account, message))
        for (const id of idsOf(message)) {
          const data = { ...dataOf(message, id, account), parts: content.parts };
          const about = { account, channel, subject: message.root, message };
          if (status !== "FAILED") tell(hooks, "message.accepted", about, { ...data, status });
          else {
            tell(hooks, "message.accepted", about, { ...data, status: "CREATED" });
            tell(hooks, "message.failed", about, { ...data, status, error });
          }
        }
      for (const forward of toCustomers) inbound(hooks, forward, message, content);
      return hooks;
    },
    sent(message, original = message, atMs) {
      const { account, channel } = original;
      if (account === undefined || !isTold(account, message)) return none;
      const hooks: Hook[] = [];
      const about = { account, channel, subject: message.root, message, atMs };
      for (const id of idsOf(message))
        tell(hooks, "message.sent", about, {
          ...dataOf(message, id, account, channel),
          status: "SENT",
        });
      return hooks;
    },
    ended({ sent: { message, original }, status, error, report, atMs }) {
      const { account, channel } = original;
      const event = ENDS[status];
      if (event === undefined || account === undefined || original.id === message.id) return none;
      if (!isTold(account, original)) return none;
      const hooks: Hook[] = [];
      const about = { account, channel, subject: message.root, message: original, atMs };
      for (const id of idsOf(original)) {
        const data = { ...dataOf(original, id, account), to: message.to };
        const told = {
          state: report?.state,
          network_error: report?.error,
          done_at: timeOf(report?.doneMs),
        };
        tell(hooks, event, about, { ...data, status, error, ...told });
      }
      return hooks;
    },
    session({ what, account, channel, session, atMs, ...known }) {
      if (takenOn(channel) !== "DELIVERED" || endpointsOf(account) === undefined) return none;
      const hooks: Hook[] = [];
      const { bindType, remote, tls, boundMs, received, sent, others } = known;
      const bound = { account, channel, session, bind_type: bindType, remote, tls };
      const data = { ...bound, bound_at: timeOf(boundMs), others };
      const about = { account, channel, subject: session, atMs };
      if (what === "bound") tell(hooks, "session.bound", about, data);
      else tell(hooks, "session.unbound", about, { ...data, reason: known.reason, received, sent });
      return hooks;
    },
  };

  /** Has he a URL, or has the message one? */
  function isTold(account: string, { client }: Message): boolean {
    return endpointsOf(account) !== undefined || client?.callbackUrl !== undefined;
  }

  function inbound(
    hooks: Hook[],
    message: Message,
    original: Message,
    given: {
      readonly text: string | undefined;
      readonly encoding: string | undefined;
      readonly parts: number;
    },
  ): void {
    const { account, sms } = message;
    if (account === undefined || endpointsOf(account) === undefined) return;
    const text = sms?.text ?? given.text;
    const { id, from, to, root } = message;
    const content =
      text === undefined
        ? { data: sms?.octets.toString("base64") ?? "", data_coding: sms?.dataCoding ?? 0 }
        : { text, encoding: given.encoding };
    const received = { id, account, channel: original.channel, from, to, ...content };
    tell(
      hooks,
      "message.inbound",
      { account, channel: original.channel, subject: root },
      {
        ...received,
        parts: given.parts,
        received_at: timeOf(idTimeMs(original.id)),
      },
    );
  }

  function tell(
    hooks: Hook[],
    event: WebhookEvent,
    about: {
      readonly account: string;
      readonly channel: string;
      readonly subject: string;
      /** His own that it is about. */
      readonly message?: Message;
      readonly atMs?: number;
    },
    data: Readonly<Record<string, unknown>>,
  ): void {
    const { account, channel, subject, message, atMs = clock.nowMs() } = about;
    for (const endpoint of endpointsOf(account) ?? []) put(endpoint, undefined);
    const url = message && callbackOf(message, event);
    const callbacks = url === undefined ? undefined : callbacksOf(account);
    if (callbacks !== undefined) put(callbacks, url);

    function put(endpoint: WebhookEndpoint, own: string | undefined): void {
      const { channels, events } = endpoint;
      if (!events.includes(event) || (channels.length > 0 && !channels.includes(channel))) return;
      const dead = isFull(endpoint) ? tooMuch : undefined;
      const id = newId();
      const payload = JSON.stringify({
        id,
        type: event,
        created_at: timeOf(atMs),
        api_version: apiVersion,
        data,
      });
      const to = { endpoint: endpoint.id, ...(own === undefined ? {} : { url: own }) };
      hooks.push({ id, ...to, subject, event, payload, dead });
    }
  }

  function dataOf(message: Message, id: string, account: string, channel = message.channel) {
    const { from, to, client } = message;
    const known = messageIdFor(id, optionsOf(account));
    const submitted = { submitted_at: timeOf(idTimeMs(id)) };
    const whose = { client_reference: client?.reference, tags: client?.tags };
    return { id, message_id: known, ...whose, account, channel, from, to, ...submitted };
  }
}

/** The URL that the message names, where its sender wants to be told this one of it (`dlr`). */
function callbackOf({ client, sms }: Message, event: WebhookEvent): string | undefined {
  const asked = sms?.registeredDelivery ?? 0;
  if ((asked & outcomeBits) === 0) return undefined;
  const isStep = event === "message.accepted" || event === "message.sent";
  return isStep && (asked & stepsBit) === 0 ? undefined : client?.callbackUrl;
}

/** The ids under which its sender knows it: of a text that he sent in parts, theirs. */
function idsOf({ root, joined }: Message): readonly string[] {
  return joined?.map(({ id, known = id }) => known) ?? [root];
}

/** RFC 3339, UTC. */
function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
