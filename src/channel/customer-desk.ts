import type { ApiKey } from "../model/api-key.ts";
import type { MessageEvent } from "../model/event.ts";
import type { Message, TraceLine } from "../model/message.ts";
import type { RateStanding } from "../model/rate.ts";
import type { Status } from "../model/status.ts";
import type { Callbacks } from "../model/webhook.ts";

/**
 * What a channel may ask about its customers beside the events that it tells. The gateway answers; a
 * customer is told of nothing but his own.
 */
export interface CustomerDesk {
  /** By the part of it that is no secret. In memory. */
  keyOf(id: string): ApiKey | undefined;
  /** undefined when there is no such account. */
  credits(account: string): Promise<number | undefined>;
  /** Messages that he sent; undefined for what is not kept, or is another's. */
  read(account: string, id: string): Promise<OwnMessageRow | undefined>;
  readAll(account: string, ids: readonly string[]): Promise<readonly OwnMessageRow[]>;
  list(wanted: OwnPage): Promise<{
    readonly messages: readonly OwnMessageRow[];
    readonly before: string | undefined;
  }>;
  trace(account: string, id: string): Promise<readonly TraceLine[] | undefined>;
  /** What the triggers would say, as far as they can without doing anything. */
  rehearse(event: MessageEvent): Promise<Rehearsed>;
  readonly batches: {
    put(batch: {
      readonly id: string;
      readonly account: string;
      readonly items: string;
    }): Promise<void>;
    get(
      account: string,
      id: string,
    ): Promise<{ readonly id: string; readonly items: string; readonly atMs: number } | undefined>;
  };
  readonly idempotency: {
    /** Keeps the key, or gives what is kept under it. */
    begin(
      one: KeyedRequest,
    ): Promise<KeyedRequest & { readonly answer: string | undefined; readonly isNew: boolean }>;
    finish(one: OwnKey, answer: string): Promise<void>;
    release(one: OwnKey): Promise<void>;
  };
  /** How the rates stand that he is held to on this channel; undefined where there are none. */
  rates(account: string, channel: string): RatesStanding | undefined;
  /** URLs at which he is told of single messages. */
  readonly callbacks: Callbacks;
  /** Calls it with each change of a message of this account until the returned function is called. */
  follow(account: string, take: (change: OwnChange) => void): () => void;
}

/** His own rates, and those that he shares with all others of a channel. */
export interface RatesStanding {
  readonly account: readonly RateStanding[];
  readonly channel: readonly RateStanding[];
}

export interface OwnKey {
  readonly account: string;
  readonly key: string;
}

/** A request with an Idempotency-Key. */
export interface KeyedRequest extends OwnKey {
  readonly bodySha256: string;
  readonly ids: readonly string[];
}

export interface OwnMessageRow {
  readonly message: Message;
  readonly status: Status;
  readonly error: string | undefined;
  readonly atMs: number;
}

/** All that is named must fit. */
export interface OwnPage {
  readonly account: string;
  readonly to?: string;
  readonly reference?: string;
  readonly status?: readonly Status[];
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly before?: string;
  readonly limit: number;
}

/** A message of an account has become something else. */
export interface OwnChange {
  /** The message that its sender knows. */
  readonly id: string;
  readonly status: Status;
  readonly error: string | undefined;
  readonly atMs: number;
  readonly reference?: string | undefined;
}

/** What would become of a message. */
export type Rehearsed =
  | {
      readonly kind: "accepted";
      readonly credits: number;
      /** The channels that it would go to. */
      readonly route: readonly string[];
    }
  | { readonly kind: "refused"; readonly code: string | number; readonly reason: string }
  /** A trigger asks somebody outside for it, which a dry run does not. */
  | { readonly kind: "unknown"; readonly reason: string };
