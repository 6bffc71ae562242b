import type { SessionEvent, StatusEvent } from "./event.ts";
import type { Message } from "./message.ts";
import type { Status } from "./status.ts";

/** What a customer can be told at a URL of his. */
export const WEBHOOK_EVENTS = [
  "message.accepted",
  "message.sent",
  "message.delivered",
  "message.not_delivered",
  "message.no_report",
  "message.failed",
  "message.cancelled",
  "message.inbound",
  "session.bound",
  "session.unbound",
] as const;

export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** A key that a customer checks by who has called him: `whsec_` and base64 of 24 to 64 octets. */
export interface WebhookSecret {
  readonly secret: string;
  /** Signs until then, in milliseconds since 1970 UTC; undefined for the one that stays. */
  readonly untilMs: number | undefined;
}

/** A URL of a customer, and what he is told there. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly account: string;
  /** With `form: "get"` a template; see `webhook/template.ts`. With `callback` empty. */
  readonly url: string;
  /**
   * `post`: JSON, signed. `get`: what there is to tell stands in the URL. `callback`: as `post`, each
   * message at the URL that it names itself; an account has one of these at most.
   */
  readonly form: "post" | "get" | "callback";
  readonly events: readonly WebhookEvent[];
  /** Only of messages that came in on one of these; of all when there is none. */
  readonly channels: readonly string[];
  /** The newest first; at least one. */
  readonly secrets: readonly WebhookSecret[];
  /** Why nothing is told there; undefined: it is. */
  readonly disabled: string | undefined;
  readonly createdMs: number;
}

/** One thing to be told at one endpoint. */
export interface Hook {
  /** The same each time that it is tried; who is told twice knows it by this. */
  readonly id: string;
  readonly endpoint: string;
  /** What it is about: of one subject the endpoint is told one thing after the other. */
  readonly subject: string;
  readonly event: WebhookEvent;
  /** The one that the message names; left out: that of the endpoint. */
  readonly url?: string;
  /** JSON, as it is sent. */
  readonly payload: string;
  /** Why it is given up before it was tried: then it is kept for who sends it again. */
  readonly dead?: string | undefined;
}

/** A message that was taken over, with what was made of it. */
export interface AcceptedMessage {
  readonly message: Message;
  readonly text: string | undefined;
  readonly encoding: string | undefined;
  readonly parts: number;
  /** What goes on to whom. */
  readonly forwards: readonly Message[];
  readonly status: Status;
  readonly error: string | undefined;
}

/**
 * Makes what customers are to be told of what happens to their messages. It rides in the commit of what it
 * tells of. Called for each message, and nearly no account has an endpoint: then it is one look into a map.
 */
export interface Announcer {
  accepted(accepted: AcceptedMessage): readonly Hook[];
  /** A peer has taken it. `original` is what came in, as far as it is known. */
  sent(
    message: Message,
    original: Pick<Message, "account" | "channel"> | undefined,
    atMs: number,
  ): readonly Hook[];
  /** It has a final status. */
  ended(event: Omit<StatusEvent, "id">): readonly Hook[];
  session(event: SessionEvent): readonly Hook[];
}

/** URLs that customers name with single messages. */
export interface Callbacks {
  /** Throws `bad_request` for one that may not be called, or not for him. */
  check(account: string, url: string): void;
  /** Before the first of his is stored: what is told there is signed from then on. */
  ready(account: string): Promise<void> | undefined;
  /** A new secret; the one before signs too until then. */
  newSecret(account: string): Promise<{ readonly secret: string; readonly oldUntilMs: number }>;
}

/** Where nobody is told anything. */
export const silentAnnouncer: Announcer = {
  accepted: () => [],
  sent: () => [],
  ended: () => [],
  session: () => [],
};

/** An endpoint as the operator sees it. */
export interface WebhookView extends Omit<WebhookEndpoint, "secrets"> {
  /** How many keys sign what is told there. */
  readonly secrets: number;
  /** What is still to be told, and what was given up. */
  readonly waiting: number;
  readonly dead: number;
  /** `open`: nothing is told there until `openUntilMs`, because it failed too often in a row. */
  readonly breaker: "closed" | "open" | "trying";
  readonly openUntilMs: number | undefined;
  /** Since the start: told, and failed tries. */
  readonly told: number;
  readonly failed: number;
  readonly lastError: string | undefined;
}

/** What was given up. */
export interface DeadHookView {
  readonly id: string;
  readonly endpoint: string;
  readonly event: string;
  readonly subject: string;
  /** The one that the message named; empty: that of the endpoint. */
  readonly url: string;
  readonly tries: number;
  readonly reason: string;
  readonly deadMs: number;
  readonly payload: string;
}

/** How a call to try with went. */
export interface WebhookTestView {
  readonly ok: boolean;
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined;
  readonly tookMs: number;
  /** Why it failed; undefined when it did not. */
  readonly error: string | undefined;
}
