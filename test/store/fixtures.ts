import { amountOf } from "../../src/model/amount.ts";
import { systemClock } from "../../src/model/clock.ts";
import { idMaker } from "../../src/model/id.ts";
import type { Log } from "../../src/model/log.ts";
import type { Message, Sms } from "../../src/model/message.ts";
import { type Store, type StoreSettings, openStore, storeDefaults } from "../../src/store/store.ts";
import type { Report } from "../../src/model/report.ts";
import type { Acceptance, Conclusion, Finish, Forward } from "../../src/store/writer.ts";
import { silentLog } from "../support/database.ts";

export const newId = idMaker(() => Date.now());

export type TestStore = Store & AsyncDisposable;

/** A store on this database, closed at the end of the block. */
export async function openTestStore(
  url: string,
  over: Partial<StoreSettings> & { newId?: () => string; log?: Log } = {},
): Promise<TestStore> {
  const { newId: makeId = newId, log = silentLog, ...settings } = over;
  const store = await openStore({
    settings: { ...storeDefaults, databaseUrl: url, ...settings },
    log,
    clock: systemClock,
    newId: makeId,
  });
  return { ...store, [Symbol.asyncDispose]: () => store.close() };
}

export const hello: Sms = {
  from: { ton: 1, npi: 1, digits: "31612345678" },
  to: { ton: 1, npi: 1, digits: "31699887766" },
  serviceType: "",
  esmClass: 0,
  protocolId: 0,
  priority: 0,
  scheduleTime: "",
  validityPeriod: "",
  registeredDelivery: 1,
  replaceIfPresent: 0,
  dataCoding: 0,
  octets: Buffer.from("Hello"),
  text: undefined,
  tlvs: [],
};

export function message(over: Partial<Message> = {}): Message {
  const id = over.id ?? newId();
  return {
    id,
    root: id,
    parent: undefined,
    kind: "sms",
    direction: "in",
    channel: "SMPP_SERVER1",
    account: "Test1",
    from: "+31612345678",
    to: "+31699887766",
    sms: hello,
    report: undefined,
    sameAsParent: false,
    hops: 0,
    log: [{ at: 1, what: "received", facts: { session: "s1" } }],
    ...over,
  };
}

export function childOf(parent: Message, over: Partial<Message> = {}): Message {
  return {
    ...parent,
    id: newId(),
    parent: parent.id,
    direction: "out",
    channel: "SMPP1",
    sameAsParent: true,
    log: [],
    ...over,
  };
}

/** An original with as many forwarded messages as asked. */
export function acceptance(
  over: { price?: number; children?: number; account?: string; queue?: string } = {},
): Acceptance {
  const original = message();
  const { price, children = 1, account = "Test1", queue = "SMPP1" } = over;
  return {
    message: original,
    charge: price === undefined ? undefined : { account, amount: amountOf(price) },
    forwards: Array.from({ length: children }, () => ({
      message: childOf(original),
      queue,
      priority: 0,
      dueMs: 0,
      expiresMs: Date.now() + 3_600_000,
    })),
    status: children === 0 ? "RECEIVED" : "QUEUED",
    error: undefined,
  };
}

/** The child of an acceptance with this number. */
export function child(of: Acceptance, n = 0): Message {
  const forward = of.forwards[n];
  if (forward === undefined) throw new Error(`there is no child ${n}`);
  return forward.message;
}

export function finish(of: Acceptance, over: Partial<Finish> = {}, n = 0): Finish {
  return {
    id: child(of, n).id,
    root: of.message.id,
    kind: "sms",
    channel: "SMPP1",
    tries: 1,
    providerId: "A1B2C3",
    status: "SENT",
    error: undefined,
    reportAsked: true,
    atMs: Date.now(),
    maybeTwice: false,
    ...over,
  };
}

/** A report to the customer about the child of this acceptance, and its place in the queue. */
export function told(of: Acceptance, over: Partial<Message> = {}): Forward {
  const original = of.message;
  const report: Report = {
    messageId: original.id,
    status: "DELIVERED",
    state: "DELIVRD",
    error: "000",
    submittedMs: 1_700_000_000_000,
    doneMs: undefined,
    text: "Hello",
    networkError: { type: 3, code: 0 },
  };
  const sms = { ...hello, from: hello.to, to: hello.from, registeredDelivery: 0 };
  const message: Message = {
    ...original,
    id: newId(),
    parent: child(of).id,
    kind: "report",
    direction: "out",
    from: original.to,
    to: original.from,
    sms: { ...sms, octets: Buffer.alloc(0) },
    report,
    log: [],
    ...over,
  };
  const expiresMs = Date.now() + 3_600_000;
  return { message, queue: "SMPP_SERVER1/Test1", priority: 0, dueMs: 0, expiresMs };
}

/** What a report of delivery leads to. */
export function conclusion(of: Acceptance, over: Partial<Conclusion> = {}, n = 0): Conclusion {
  return {
    id: child(of, n).id,
    root: of.message.id,
    status: "DELIVERED",
    error: undefined,
    atMs: Date.now(),
    lines: [{ at: 8, what: "reported", facts: { report: "A1B2C3", state: "DELIVRD" } }],
    tell: [],
    later: undefined,
    done: undefined,
    ...over,
  };
}

/** The code of the GatewayError with which this is rejected, or how it went otherwise. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    return `resolved ${JSON.stringify(await work)}`;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

/** A log, and a promise that is kept when a line begins like this. */
export function listeningLog(start: string): { log: Log; told: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const hear = (_facts: object, text: string) => {
    if (text.startsWith(start)) resolve();
  };
  const log: Log = { debug: hear, info: hear, warn: hear, error: hear, child: () => log };
  return { log, told: promise };
}
