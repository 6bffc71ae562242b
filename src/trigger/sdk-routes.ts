import type { ErrorCode } from "../model/error.ts";

/** What triggers may ask the routing table. Part of "signalbox". */

/** The routing table of signalbox.yaml; see docs/routes.md. */
export interface Routes {
  /**
   * Where the message of this event would go, or another one that `about` describes; nothing is done.
   * About 0.1 ms. In an `onStatus` the table is asked about the status: `sms_type` is `status_report`.
   *
   * ```ts
   * export const CHEAP = onMessage({ channels: ["SMPP_SERVER1"] }, async (message, { routes }) => {
   *   const { ways } = await routes.resolve();
   *   if (ways[0]?.price === undefined) message.reject("no_route", "nobody says what it costs");
   *   else message.forward({ channel: ways[0].channel });
   * });
   * ```
   */
  resolve(about?: RouteAbout): Promise<RouteAnswer>;
  /** The same, with every rule and every way that was looked at, and why it was or was not taken. */
  explain(about?: RouteAbout): Promise<RouteAnswer>;
}

/** What is to be another than in the message of the event; where the event has none, `to` is needed. */
export interface RouteAbout {
  readonly to?: string;
  readonly from?: string;
  readonly text?: string;
  readonly account?: string;
  /** That it came in on. */
  readonly channel?: string;
  readonly origin?: "customer" | "provider" | "own";
}

/** What the routing table says of a message. */
export interface RouteAnswer {
  /** Best first; the others are for when that one fails. Empty when there is no way. */
  readonly ways: readonly RouteWay[];
  /** Why there is no way; undefined when there is one. */
  readonly refused: { readonly code: ErrorCode | number; readonly reason: string } | undefined;
  /** What was looked at, in its order. */
  readonly steps: readonly RouteStep[];
}

/** A way that a message can take. */
export interface RouteWay {
  readonly channel: string;
  /** For a channel that customers bind to: whose sessions get it. */
  readonly account?: string;
  /** The number that it goes to there, when it is another one. */
  readonly to?: string;
  /** The sender that it has there, when it is another one. */
  readonly from?: string;
  /** Of one short message, a decimal number. */
  readonly price?: string;
  /** 0-100, the more the better. */
  readonly quality?: number;
  /** The number table that it was found in. */
  readonly table?: string;
  /** The rule that named it: its name, else its place, `account`, `default` or `address`. */
  readonly rule: string;
  readonly why: string;
}

/** A rule or a way that was looked at, and why it was or was not taken. */
export interface RouteStep {
  readonly rule: string;
  readonly target: string;
  readonly taken: boolean;
  readonly why: string;
}
