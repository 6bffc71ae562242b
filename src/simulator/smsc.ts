import { createServer, type Server, type Socket } from "node:net";
import { systemClock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { BindType } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Sms } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import { decode } from "../sms/data-coding.ts";
import { sessionLimits } from "../smpp/limits.ts";
import { type ReceiptState, statusOf } from "../smpp/receipt-state.ts";
import { quotedCharactersMax } from "../smpp/receipt-template.ts";
import {
  type BindRequest,
  openSession,
  type Session,
  type SessionOwner,
  type ShortMessageRequest,
} from "../smpp/session.ts";
import { createOutbox, type DeliveryOutcome, type Outbox } from "./outbox.ts";
import { type IdForm, idIn } from "./ids.ts";
import { receiptIn } from "./receipt-forms.ts";
import { allDelivered, type OutcomeOf, type PlannedReport } from "./rules.ts";
import { createTally } from "./tally.ts";
import { smsOf, type Written } from "./written.ts";

/**
 * How the simulated provider behaves; what is left out is as the comment says. `profileRules` makes
 * them of a profile.
 */
export interface SmscRules {
  /** What happens to each message; all are taken and delivered. */
  readonly outcome?: OutcomeOf;
  /** Before a message is answered, or what draws it for each; 0, at once. */
  readonly answerDelayMs?: number | (() => number);
  /** Between answer and report; 0: the report is written right behind the answer. */
  readonly reportDelayMs?: number;
  /** Before a report that was refused for now, or lost with its connection, is sent again; 1,000. */
  readonly retryDelayMs?: number;
  /** How often it is sent before it is given up; 8. */
  readonly tries?: number;
  /** How ids are written in answers; decimal. */
  readonly idForm?: IdForm;
  /** How they are written in reports; as in answers. Real providers differ here. */
  readonly reportIdForm?: IdForm;
  /** The first id; made of the time, so that ids of one run do not come again in the next. */
  readonly firstId?: number;
  /** So many ids, then the first comes again, as where a counter wraps; never. */
  readonly idsReusedAfter?: number;
  /** Who may bind; without it everybody may. */
  readonly password?: string;
  /** Requests of ours without an answer, per session; 100. */
  readonly windowRequests?: number;
}

/** A message that the simulated provider got, with what it did with it. */
export interface Taken {
  readonly sms: Sms;
  readonly command: "submit_sm" | "deliver_sm" | "data_sm" | "submit_multi";
  readonly systemId: string;
  readonly atMs: number;
  readonly answer: number | "silent";
  /** Empty when it was refused. */
  readonly messageId: string;
  readonly report: ReceiptState | "none";
}

/** What is told while it happens, for a person who watches. */
export type SmscEvent =
  | {
      readonly what: "bound" | "refused" | "closed";
      readonly systemId: string;
      readonly bindType: BindType;
      readonly remote: string;
    }
  | { readonly what: "message"; readonly taken: Taken }
  | { readonly what: "delivered"; readonly kind: "report" | "message"; readonly status: number }
  | {
      readonly what: "given up";
      readonly kind: "report" | "message";
      readonly sms: Sms;
      readonly why: string;
    };

/** Since the start: binds accepted, connections ended, messages that came, reports and messages that were acknowledged. */
export type SmscCount = "bound" | "closed" | "received" | "reported" | "delivered";

/** A provider to try and test with. */
export interface Smsc extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly counts: Readonly<Record<SmscCount, number>>;
  /** The last messages, at least `rememberedMax` of them, oldest first. */
  readonly messages: readonly Taken[];
  /** Resolves once so many have been counted since the start; rejects when it closes before. */
  until(count: SmscCount, n: number): Promise<void>;
  /** Waits for so many messages and gives those that are remembered. */
  received(n: number): Promise<readonly Taken[]>;
  /** How many sessions are bound now. */
  sessions(): number;
  /**
   * Hands a message to whoever is bound as this system_id, now or later; to anyone's first session
   * when it is left out. Resolves with the command_status of the last answer; rejects with
   * `delivery_failure` when it was given up, because nobody is bound or after too many tries.
   */
  inject(message: Written | Sms, systemId?: string): Promise<number>;
  /** Cuts all connections without a word, as a broken network does; it goes on listening. */
  drop(): void;
  /** Unbinds all sessions and stops listening. A second call waits for the first. */
  readonly close: () => Promise<void>;
}

/** Messages; older ones are forgotten so that a simulator can run for weeks. */
export const rememberedMax = 10_000;

/** Connections; more are closed at once. */
export const connectionsMax = 1_000;

/**
 * Listens for those who send through a provider: takes their messages, answers and reports them by
 * rule. Rejects with `port_taken` when it cannot listen there.
 */
export async function startSmsc(options: {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly rules?: SmscRules;
  readonly log?: Log;
  readonly watch?: (event: SmscEvent) => void;
}): Promise<Smsc> {
  const { host, rules = {}, log, watch } = options;
  const { outcome = allDelivered, answerDelayMs = 0, reportDelayMs = 0 } = rules;
  const { retryDelayMs = 1_000, idForm = "decimal", reportIdForm = idForm } = rules;
  const limits = { ...sessionLimits, windowRequestsMax: rules.windowRequests ?? 100 };
  const tally = createTally<SmscCount>({
    bound: 0,
    closed: 0,
    received: 0,
    reported: 0,
    delivered: 0,
  });
  const sockets = new Set<Socket>();
  const bound = new Map<Session, { readonly systemId: string; readonly bindType: BindType }>();
  const outboxes = new Map<string, Outbox>();
  const timers = new Set<NodeJS.Timeout>();
  let messages: Taken[] = [];
  // A thousand ids for each millisecond since 1970 stay below 2^53 until the year 2255.
  const firstId = rules.firstId ?? systemClock.nowMs() * 1_000;
  let taken = 0;
  let closing: Promise<void> | undefined;

  const owner: SessionOwner = { bind, shortMessage, closed };
  const server = createServer({ noDelay: true }, (socket) => {
    if (closing !== undefined || sockets.size >= connectionsMax) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    openSession(socket, { role: "smsc", limits, clock: systemClock, owner });
  });
  const port = await listen(server, host, options.port);
  log?.info({ host, port }, "simulated provider listens");

  function bind(request: BindRequest, session: Session): void {
    const { systemId, bindType } = request;
    const event = { systemId, bindType, remote: session.remote };
    if (rules.password !== undefined && request.password !== rules.password) {
      // 0x0E ESME_RINVPASWD.
      session.answerBind(request, 0x0e, "");
      session.close("bind_refused");
      watch?.({ what: "refused", ...event });
      return;
    }
    session.answerBind(request, 0, "simulator");
    bound.set(session, { systemId, bindType });
    tally.add("bound");
    watch?.({ what: "bound", ...event });
    if (bindType !== "transmitter") outboxOf(systemId).join(session);
  }

  function shortMessage(request: ShortMessageRequest, session: Session): void {
    const systemId = bound.get(session)?.systemId ?? "";
    const { sms, command } = request;
    const { answer, report, reports } = outcome(sms);
    const id = answer === 0 ? newId() : undefined;
    const messageId = id === undefined ? "" : idIn(idForm, id);
    const atMs = systemClock.nowMs();
    const message: Taken = { sms, command, systemId, atMs, answer, messageId, report };
    remember(message);
    if (answer === "silent") return;
    const planned = reports ?? (report === "none" ? [] : [{ state: report }]);
    const wanted = id === undefined ? [] : planned.filter((one) => isAsked(sms, one));
    const tell = (one: PlannedReport): void =>
      deliverReport(message, session, idIn(reportIdForm, id ?? 0), one);
    for (const one of wanted) if (one.after === "early") tell(one);
    after(typeof answerDelayMs === "number" ? answerDelayMs : answerDelayMs(), () => {
      session.answer(request, answer, messageId);
      for (const one of wanted)
        if (one.after !== "early") after(one.after ?? reportDelayMs, () => tell(one));
    });
  }

  function newId(): number {
    const id = firstId + (taken % (rules.idsReusedAfter ?? Infinity));
    taken += 1;
    return id;
  }

  function deliverReport(
    { sms: message, atMs, systemId }: Taken,
    session: Session,
    id: string,
    { state, error, form = "standard", flag = "receipt", otherBind = false }: PlannedReport,
  ): void {
    const { from, to, serviceType, octets, dataCoding, esmClass } = message;
    const text = decode(octets, dataCoding, (esmClass & 0x40) !== 0) ?? "";
    const status = statusOf(state);
    const report: Report = {
      messageId: id,
      status,
      state,
      error: error ?? (status === "NOTDELIVERED" ? "006" : "000"),
      submittedMs: atMs,
      doneMs: systemClock.nowMs(),
      text: text.slice(0, quotedCharactersMax),
      networkError: undefined,
    };
    // It goes back the way the message came.
    const receipt = receiptIn(form, report, { from: to, to: from, serviceType });
    const sms = { ...receipt, esmClass: FLAGS[flag] };
    const avoid = otherBind ? session : undefined;
    put((otherBind && otherReceiver(systemId)) || systemId, "report", sms, () => {}, avoid);
  }

  /** Another who is bound and receives, as the second channel of a provider group is. */
  function otherReceiver(systemId: string): string | undefined {
    for (const one of bound.values())
      if (one.systemId !== systemId && one.bindType !== "transmitter") return one.systemId;
    return undefined;
  }

  function put(
    systemId: string,
    kind: "report" | "message",
    sms: Sms,
    settled: (outcome: DeliveryOutcome) => void,
    avoid?: Session,
  ): void {
    const done = (outcome: DeliveryOutcome): void => {
      if ("why" in outcome) watch?.({ what: "given up", kind, sms, why: outcome.why });
      else watch?.({ what: "delivered", kind, status: outcome.status });
      if ("status" in outcome && outcome.status === 0)
        tally.add(kind === "report" ? "reported" : "delivered");
      settled(outcome);
    };
    outboxOf(systemId).put({ sms, kind, done, avoid });
  }

  function outboxOf(systemId: string): Outbox {
    let outbox = outboxes.get(systemId);
    if (outbox === undefined)
      outboxes.set(systemId, (outbox = createOutbox(retryDelayMs, rules.tries)));
    return outbox;
  }

  function closed(session: Session): void {
    const was = bound.get(session);
    if (was === undefined) return;
    bound.delete(session);
    outboxOf(was.systemId).leave(session);
    tally.add("closed");
    watch?.({ what: "closed", ...was, remote: session.remote });
  }

  function remember(taken: Taken): void {
    messages.push(taken);
    if (messages.length >= 2 * rememberedMax) messages = messages.slice(-rememberedMax);
    tally.add("received");
    watch?.({ what: "message", taken });
  }

  /** Without a delay in this very turn, so that an answer and its report share one write. */
  function after(ms: number, work: () => void): void {
    if (ms <= 0) return work();
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
  }

  async function stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const timer of timers) clearTimeout(timer);
    for (const outbox of outboxes.values()) outbox.close();
    await Promise.all([...bound.keys()].map((session) => session.unbind()));
    for (const socket of sockets) socket.destroy();
    await stopped;
    tally.close("the simulated provider has closed");
  }
  const close = (): Promise<void> => (closing ??= stop());

  return {
    host,
    port,
    counts: tally.counts,
    get messages() {
      return messages;
    },
    until: tally.until,
    async received(n) {
      await tally.until("received", n);
      return messages;
    },
    sessions: () => bound.size,
    inject(message, systemId) {
      const sms = "octets" in message ? message : smsOf(message);
      const first = [...bound.values()].find(({ bindType }) => bindType !== "transmitter");
      const receiver = systemId ?? first?.systemId;
      return new Promise((resolve, reject) => {
        const settled = (outcome: DeliveryOutcome): void => {
          if ("status" in outcome) resolve(outcome.status);
          else reject(new GatewayError("delivery_failure", outcome.why));
        };
        if (receiver === undefined) settled({ why: "nobody who receives is bound" });
        else put(receiver, "message", sms, settled);
      });
    },
    drop() {
      for (const socket of sockets) socket.destroy();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** esm_class (SMPP v3.4 §5.2.12). */
const FLAGS = { receipt: 0x04, intermediate: 0x20, none: 0 } as const;

/**
 * registered_delivery (SMPP v3.4 §5.2.17; 3 since v5.0): bits 0-1 are 1 for every outcome, 2 for failure
 * only, 3 for success only; 0x10 asks for intermediate notifications.
 */
function isAsked({ registeredDelivery }: Sms, { state, flag }: PlannedReport): boolean {
  if (flag === "intermediate") return (registeredDelivery & 0x10) !== 0;
  const asked = registeredDelivery & 0x03;
  return asked === 1 || (asked !== 0 && (asked === 3) === (state === "DELIVRD"));
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === "EADDRINUSE" ? "the port is taken" : cause.message;
      const text = `simulated provider on ${host}:${port}: ${why}`;
      reject(new GatewayError("port_taken", text, { cause }));
    };
    server.once("error", failed);
    server.listen({ host, port }, () => {
      server.removeListener("error", failed);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
