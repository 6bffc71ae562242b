import type { ForwardAction, ReportAction, SendAction } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import { registerTest } from "./script/test-registry.ts";
import type { ChannelSettings } from "./sdk-channels.ts";
import type {
  Account,
  Bind,
  Channel,
  Message,
  Report,
  SentMessage,
  Session,
} from "./sdk-events.ts";

/**
 * What a test imports from "signalbox/test". Tests lie beside the triggers, in files `*.test.ts`, and run
 * in the same sandbox: by `signalbox trigger test`, and with `activation: tested` before a save is taken.
 * A test gives made-up events to the triggers and looks at what is decided; nothing is done.
 */

/**
 * Declares a test. The triggers that it runs are those of the file with the same name (`stop.ts` for
 * `stop.test.ts`), or all files of the folder when there is none; `options.files` names others. Each test
 * begins with triggers that are loaded anew, an empty kv and no accounts. It may take 5 s, 50 ms of them
 * computing in one go; a host that is busy gives it less.
 *
 * ```ts
 * import { test } from "signalbox/test";
 *
 * test("a STOP goes to the channel of the opt-out list", async ({ message, assert }) => {
 *   const outcome = await message({ to: "+31612345678", text: "STOP" });
 *   assert.deepEqual(outcome.forwards, [{ channel: "OPTOUT" }]);
 * });
 * ```
 */
export function test(name: string, run: TestBody): void;
export function test(name: string, options: TestOptions, run: TestBody): void;
export function test(name: string, first: TestOptions | TestBody, second?: TestBody): void {
  if (typeof first === "function") registerTest(name, {}, first);
  else registerTest(name, first, second);
}

/** What a test does; it fails by what it throws. */
export type TestBody = (tools: TestTools) => void | Promise<void>;

/** For which files a test is, and how. */
export interface TestOptions {
  /** Names of trigger files of the folder, such as `["stop.ts", "forward.ts"]`. */
  readonly files?: readonly string[];
}

/** What a test is given. */
export interface TestTools {
  /**
   * A message comes in; of a customer on SMPP_SERVER1 when nothing else is said, `origin: "provider"`
   * stands for one of a provider on SMPP1. Every field that is left out has a sensible value. Gives what
   * the triggers that match have decided. The same for all kinds of event below.
   */
  message(fields?: Partial<MadeUp<Message>>): Promise<Outcome>;
  /** A customer, Test1, asks to bind on SMPP_SERVER1. The password is compared by `accounts.verify` only. */
  bind(fields?: Partial<MadeUp<Bind>> & { readonly password?: string }): Promise<Outcome>;
  /** A provider tells on SMPP1 that a message of Test1 was delivered. */
  report(fields?: Partial<MadeUp<Report>>): Promise<Outcome>;
  /** A message of Test1 that went out on SMPP1 has ended as DELIVERED. */
  status(fields?: MadeUpStatus): Promise<Outcome>;
  /** A session of Test1 on SMPP_SERVER1 has ended because he unbound. */
  session(fields?: Partial<MadeUp<Session>>): Promise<Outcome>;
  /** Test1 has 9 credits left and is told of below 10. */
  account(fields?: Partial<MadeUp<Account>>): Promise<Outcome>;
  /** SMPP1 has been down for a second. */
  channel(fields?: Partial<MadeUp<Channel>>): Promise<Outcome>;
  /** The schedule of this trigger is due; its only one when no name is given. */
  schedule(fields?: { readonly name?: string; readonly at?: number }): Promise<Outcome>;
  /**
   * Runs an event of a file beside the test, as `signalbox trace export <id>` writes it, with the answers
   * of host calls that stand in it.
   */
  recorded(file: string): Promise<Outcome>;

  /** The accounts that `accounts.verify` and `accounts.byNumber` know; none at the beginning. */
  readonly accounts: {
    add(account: {
      readonly id: string;
      /** Without one every password fits. */
      readonly password?: string;
      /** In canonical form, as in `message.to`. */
      readonly numbers?: readonly string[];
    }): void;
  };
  /** What `channels.settings` gives for a channel: every name is one, and without this it has no dialogs and is not the default one. */
  readonly channels: { set(name: string, settings: Partial<ChannelSettings>): void };
  /**
   * What queries of a data source are answered with; without an answer a query fails. For
   * `accounts.verify(bind, { with })` the first field of the row is the password as it is, not its hash.
   */
  readonly db: {
    /** Rows for every query, or what gives them for each; what it throws is what the script gets. */
    answers(rows: readonly unknown[] | ((query: AskedQuery) => readonly unknown[])): void;
    /** All queries so far, in their order. */
    readonly queries: readonly AskedQuery[];
  };
  /** What web requests are answered with; without an answer a request fails. */
  readonly http: {
    answers(answer: WebAnswer | ((request: AskedWeb) => WebAnswer)): void;
    readonly requests: readonly AskedWeb[];
  };
  /** The kv of the triggers, one for all of their files, in memory; its times to live go by `clock`. */
  readonly kv: TestKv;
  /** Gives a name of `secrets` a value; what uses one that has none fails. */
  readonly secrets: { set(name: string, value: string): void };
  /**
   * Answers any other host call by its name, such as `"messages.find"`: with a value, or with what gives it
   * for the arguments.
   */
  answers(call: string, answer: unknown): void;
  readonly clock: {
    /** Milliseconds since 1970 UTC; 2026-01-01 12:00 UTC at the beginning. It stands still. */
    now(): number;
    /** Milliseconds since 1970 UTC, or a time of ISO 8601 such as `"2026-03-29T01:30:00Z"`. */
    set(time: number | string): void;
    /** Milliseconds. */
    advance(ms: number): void;
  };
  readonly assert: Assert;
}

/** The fields of an event, without what can be asked for of it. */
export type MadeUp<Event> = {
  readonly [
    Field in keyof Event as Event[Field] extends (...args: never[]) => unknown
      ? never
      : Field extends "decided" | "tlvs" | "octets" | "headers" | "message" | "root"
        ? never
        : Field
  ]: Event[Field];
} & {
  /** Optional parameters by their names: numbers or texts. */
  readonly tlvs?: Readonly<Record<string, number | string>>;
};

/** The fields of the end of a message, as far as a test names them. */
export type MadeUpStatus = Partial<MadeUp<SentMessage>> & {
  /** The original; null: the message was the first of its life. */
  readonly root?: {
    readonly channel?: string;
    readonly account?: string;
    readonly from?: string;
    readonly to?: string;
    readonly reportAsked?: boolean;
  } | null;
};

/** What the triggers have decided, in all. Lists are in the order in which it was asked for. */
export interface Outcome {
  /**
   * `accept` also where nobody waits and all went well; `unanswered`: somebody waits and no trigger
   * answered, so that nothing is done; what was asked for is told here all the same; `undecided`: a trigger has a fault, which `fault` tells.
   */
  readonly verdict: "accept" | "reject" | "unanswered" | "undecided";
  /** Of a reject. */
  readonly code: ErrorCode | number | undefined;
  /** Of a reject; empty when none was given. */
  readonly reason: string;
  /** Credits in all that triggers named. */
  readonly charge: number;
  /** Besides, the price of the way that it takes (`accept({ charge: "route" })`). */
  readonly chargesRoute: boolean;
  /** Of a bind that is accepted, when a trigger named one. */
  readonly account: string | undefined;
  readonly forwards: readonly Omit<ForwardAction, "do">[];
  readonly sends: readonly Omit<SendAction, "do">[];
  readonly reports: readonly Omit<ReportAction, "do">[];
  /** Of a report: a trigger has applied it. */
  readonly applied: boolean;
  /** The reason that `fail` was given. */
  readonly failed: string | undefined;
  /** Of an undecided one, with the author's place: `stop.ts:5:24 TypeError: …`. */
  readonly fault: string | undefined;
  /** Names of the triggers that ran. */
  readonly ran: readonly string[];
  /** Lines for the trace, of all triggers, also of a reject. */
  readonly trace: readonly string[];
  /** Lines for the triggers' logs. */
  readonly log: readonly string[];
  /** What was asked of the gateway. */
  readonly calls: readonly AskedCall[];
}

/** A host call that a trigger made. */
export interface AskedCall {
  readonly trigger: string;
  /** `db.query`, `kv.get`, ... */
  readonly name: string;
  readonly args: readonly unknown[];
  /** What it was answered; of one that failed `{ error }`. */
  readonly answer: unknown;
}

/** A query that a trigger asked a data source. */
export interface AskedQuery {
  /** The name of the data source. */
  readonly source: string;
  /** With `$1`, `$2`, ... in the places of the values. */
  readonly sql: string;
  /** As the database gets them: texts, or null. */
  readonly values: readonly unknown[];
}

/** A request that a trigger made to a web service. */
export interface AskedWeb {
  readonly url: string;
  readonly method: string;
  /** By their names in lower case, secrets with the value that the test has given them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly basic: { readonly user: string; readonly password: string } | undefined;
}

/** What a web service is to answer. */
export interface WebAnswer {
  /** 200 when left out. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is no text is written as JSON. */
  readonly body?: unknown;
}

/** The `kv` of a test: in memory, empty at its beginning. */
export interface TestKv {
  /** undefined when there is none, or its time is over. */
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, options?: { readonly ttlMs?: number }): Promise<void>;
  /** true: something was there. */
  delete(key: string): Promise<boolean>;
  /** Names of all that is there, sorted. */
  keys(): readonly string[];
  /** The namespace that triggers share by this name. */
  shared(name: string): Omit<TestKv, "shared">;
}

/** Each throws an error that the test fails by; `message` is told with it. */
export interface Assert {
  /** Anything but undefined, null, false, 0, NaN and the empty text. */
  ok(value: unknown, message?: string): void;
  /** The very same value, as `Object.is` says. */
  equal(actual: unknown, expected: unknown, message?: string): void;
  notEqual(actual: unknown, expected: unknown, message?: string): void;
  /** The same down to the last field; a field that is undefined is not one that is left out. */
  deepEqual(actual: unknown, expected: unknown, message?: string): void;
  match(text: string | undefined, pattern: RegExp, message?: string): void;
  doesNotMatch(text: string | undefined, pattern: RegExp, message?: string): void;
  throws(run: () => unknown, pattern?: RegExp, message?: string): void;
  rejects(
    run: Promise<unknown> | (() => Promise<unknown>),
    pattern?: RegExp,
    message?: string,
  ): Promise<void>;
  fail(message: string): never;
}
