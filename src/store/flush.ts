import { type Amount, sharesOf } from "../model/amount.ts";
import { idTimeMs } from "../model/id.ts";
import type { Message, TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { Hook } from "../model/webhook.ts";
import { jsonList, quoted, quotedOctets } from "./array-text.ts";
import { type Values, uuidArray } from "./binary-array.ts";
import { type Held, createCharges, heldColumns } from "./charges.ts";
import { Rows, sharedStep } from "./flush-rows.ts";
import { type Shared, metaText, sharedWith, sharesNothing } from "./message-row.ts";
import { type Move, openFor, settleSteps } from "./moves.ts";
import type {
  Acceptance,
  Conclusion,
  Finish,
  Forward,
  Later,
  Made,
  Operation,
  PartAttempt,
  PartReport,
  Replacing,
} from "./operation.ts";
import type { Step } from "./pipeline.ts";

/** The statements of one flush, and where the answers that matter stand among theirs. */
export interface FlushSteps {
  readonly steps: readonly Step[];
  /** Of each acceptance its number in the `refused` answer of the first step. */
  readonly acceptances: ReadonlyMap<Operation, number>;
  /** The position of the claim's answer, and how many rows it should have touched. */
  readonly claim: { readonly at: number; readonly rows: number } | undefined;
}

type AttemptFields = Omit<Finish, "kind" | "conclusion" | "inParts" | "hooks">;

/**
 * Makes the statements for these operations: first the batch row and the charges, then what is new,
 * then what moves, then what ends. Within a statement the order of the operations stays.
 */
export function stepsOf(
  operations: readonly Operation[],
  given: {
    readonly batch: string;
    /** The batch of the flush before, if that is under way. */
    readonly before: string | undefined;
    readonly startId: string;
    readonly nowMs: number;
  },
): FlushSteps {
  const charges = createCharges();
  const messages = new Rows("messages");
  const metas: (string | undefined)[] = [];
  const logs: string[] = [];
  const states = new Rows("states");
  const queue = new Rows("queue");
  const queueWithWays = new Rows("queueWithWays");
  const attempts = new Rows("attempts");
  const partAttempts = new Rows("partAttempts");
  const partReports: Step[] = [];
  const traces = new Rows("trace");
  const traceLines: string[] = [];
  const claimed: string[] = [];
  const again: Step[] = [];
  const laters = new Rows("later");
  const buried = new Rows("buried");
  const hooks = new Rows("hooks");
  const hookPayloads: string[] = [];
  const hooked: string[] = [];
  const moves: Move[] = [];
  const shared: Step[] = [];
  const ended: string[] = [];
  const acceptances = new Map<Operation, number>();

  for (const operation of operations) {
    switch (operation.kind) {
      case "accept": {
        const number = acceptances.size + 1;
        acceptances.set(operation, number);
        accept(operation.acceptance, number);
        break;
      }
      case "record": {
        const { message, status, error } = operation;
        putMessage(0, message, sharesNothing);
        putState(0, message, 0, status, error);
        break;
      }
      case "receivePart": {
        const { message, dueMs, repeats } = operation.part;
        const { id, root } = message;
        putMessage(0, message, sharesNothing);
        putState(0, message, 0, "RECEIVING", undefined);
        putLater({ id, root, kind: "part", dueMs, payload: JSON.stringify({ repeats }) });
        break;
      }
      case "claim":
        claimed.push(...operation.ids);
        break;
      case "part":
        putPart(operation.attempt);
        break;
      case "finish": {
        const { finish } = operation;
        const { id, kind, root, conclusion } = finish;
        ended.push(id);
        // Of a report that may have come twice, an attempt is where that is listed.
        if (finish.inParts !== true && (kind !== "report" || finish.maybeTwice)) putAttempt(finish);
        if (kind !== "report") moves.push({ ...finish, reported: false });
        if (finish.joined !== undefined) shared.push(sharedStep(root, finish.joined, finish.atMs));
        if (conclusion !== undefined) follow(root, conclusion);
        putHooks(0, finish.hooks);
        break;
      }
      case "conclude": {
        const { conclusion } = operation;
        const { id, root, status, done, parts = [] } = conclusion;
        // Of a message in parts the attempts stand each for itself.
        const reported = parts.length === 0;
        if (status !== undefined) moves.push({ ...conclusion, status, reported });
        const { joined, atMs } = conclusion;
        if (status !== undefined && joined !== undefined)
          shared.push(sharedStep(root, joined, atMs));
        for (const part of parts) putPartReport(id, part);
        follow(root, conclusion);
        if (done !== undefined) ended.push(done);
        break;
      }
      case "hold":
        putLater(operation.later);
        break;
      case "postpone": {
        const { id, dueMs, tries } = operation.postponement;
        again.push({ name: "postpone", values: [id, String(untilMs(dueMs)), String(tries)] });
        break;
      }
      case "bury": {
        const { id, root, kind, reason, payload, pending } = operation.burial;
        buried.put([id, root, kind, quoted(reason), quoted(payload)]);
        if (pending) ended.push(id);
        break;
      }
      case "again": {
        const { id, root, tries, error, dueMs, maybeTwice, moved } = operation.again;
        const values = [id, String(untilMs(dueMs)), String(tries), String(maybeTwice)];
        if (moved === undefined) again.push({ name: "again", values });
        else {
          const { queue: name, place = null, ways, line } = moved;
          const payload = ways === undefined ? null : JSON.stringify(ways);
          again.push({ name: "onward", values: [...values, name, place, payload] });
          if (line !== undefined) putTrace(root, [line]);
        }
        if (error !== undefined)
          putAttempt({
            ...operation.again,
            providerId: undefined,
            status: "QUEUED",
            reportAsked: false,
          });
        break;
      }
      case "move": {
        const { ids, queue: name, lines } = operation.transfer;
        again.push({ name: "move", values: [uuidArray(ids), name] });
        for (const { root, line } of lines) putTrace(root, [line]);
        break;
      }
      case "resend": {
        const { of, forward, line } = operation.resend;
        const { id, root, sameAsParent } = forward.message;
        const sharesAll = { body: sameAsParent, meta: sameAsParent };
        putMessage(0, forward.message, sharesAll);
        putInQueue(0, forward);
        again.push({ name: "reopen", values: [of, id, root, String(line.at / 1000)] });
        putTrace(root, [line]);
        break;
      }
      case "replace":
        replace(operation.replacing);
        break;
      case "hook":
        putHooks(0, operation.hooks);
        break;
      case "hooked":
        hooked.push(operation.id);
        break;
      case "hookAgain": {
        const { id, dueMs, tries, reason, dead } = operation.retry;
        const values = [id, String(untilMs(dueMs)), String(tries), reason, String(dead)];
        again.push({ name: "hookAgain", values });
        break;
      }
      case "trace":
        putTrace(operation.root, operation.lines);
        break;
    }
  }

  const steps: Step[] = [{ name: "begin", values: [given.batch, ...charges.values()] }];
  if (given.before !== undefined) steps.push({ name: "follow", values: [given.before] });
  if (messages.size > 0) {
    const values = [...messages.values(), jsonList(metas), jsonList(logs)];
    steps.push({ name: "messages", values });
  }
  if (states.size > 0) steps.push({ name: "states", values: states.values() });
  if (queue.size > 0) steps.push({ name: "queue", values: [...queue.values(), given.startId] });
  if (queueWithWays.size > 0) {
    const values = [...queueWithWays.values(), given.startId];
    steps.push({ name: "queueWithWays", values });
  }
  if (hooks.size > 0)
    steps.push({ name: "hooks", values: [...hooks.values(), jsonList(hookPayloads)] });
  if (laters.size > 0) steps.push({ name: "later", values: laters.values() });
  const claim = claimed.length > 0 ? { at: steps.length, rows: claimed.length } : undefined;
  if (claim !== undefined)
    steps.push({ name: "claim", values: [uuidArray(claimed), given.startId] });
  steps.push(...again);
  if (attempts.size > 0) steps.push({ name: "attempts", values: attempts.values() });
  if (partAttempts.size > 0) steps.push({ name: "partAttempts", values: partAttempts.values() });
  steps.push(...partReports);
  if (hooked.length > 0) steps.push({ name: "hooked", values: [uuidArray(hooked)] });
  if (ended.length > 0) steps.push({ name: "done", values: [uuidArray(ended)] });
  steps.push(...settleSteps(moves), ...shared);
  if (buried.size > 0) steps.push({ name: "buried", values: buried.values() });
  if (traces.size > 0)
    steps.push({ name: "trace", values: [...traces.values(), jsonList(traceLines)] });
  return { steps, acceptances, claim };

  function accept(acceptance: Acceptance, number: number): void {
    const { message, charge, forwards, status, error, made = [] } = acceptance;
    // What goes nowhere cannot fail to be sent: it is paid.
    const final = charge?.final === true || forwards.length === 0;
    if (charge !== undefined) charges.put(number, charge, final);
    const heldOf = (amount: Amount): Held | undefined =>
      charge === undefined || amount === 0n ? undefined : { payer: charge.account, amount, final };
    putMessage(number, message, sharesNothing);
    // Of several children each has its own, as each has its own outcome.
    const shares =
      charge === undefined || forwards.length < 2
        ? []
        : (charge.shares ?? sharesOf(charge.amount, forwards.length));
    const held = forwards.length > 1 ? undefined : heldOf(charge?.amount ?? 0n);
    putState(number, message, forwards.length, status, error, held);
    if (message.joined !== undefined) {
      const { id, joined } = message;
      const facts = { message: id, parts: joined.length };
      const lines: readonly TraceLine[] = [{ at: given.nowMs, what: "joined", facts }];
      shared.push(sharedStep(id, joined, given.nowMs, lines));
    }
    for (const [n, forward] of forwards.entries()) {
      const child = forward.message;
      putMessage(number, child, sharedWith(message, child));
      if (forwards.length > 1) putState(number, child, 0, status, error, heldOf(shares[n] ?? 0n));
      putInQueue(number, forward);
    }
    for (const one of made) putMade(number, one);
    putHooks(number, acceptance.hooks);
  }

  function replace({ message, status, places, lines }: Replacing): void {
    const { id: root, sms } = message;
    for (const { forward } of places) {
      putMessage(0, forward.message, sharesNothing);
      putInQueue(0, forward);
    }
    const olds = places.map(({ of }) => of);
    const news = places.map(({ forward }) => forward.message.id);
    const body = `\\x${sms?.octets.toString("hex") ?? ""}`;
    const meta = sms === undefined ? null : metaText(sms, message);
    const at = String((lines[0]?.at ?? given.nowMs) / 1000);
    const values = [root, uuidArray(olds), uuidArray(news), status, body, meta, at];
    again.push({ name: "rewrite", values });
    ended.push(...olds);
    putTrace(root, lines);
  }

  function follow(
    root: string,
    what: Pick<Conclusion, "lines" | "tell" | "later" | "made" | "hooks">,
  ): void {
    if (what.lines.length > 0) putTrace(root, what.lines);
    for (const forward of what.tell) {
      putMessage(0, forward.message, sharesNothing);
      putInQueue(0, forward);
    }
    for (const one of what.made ?? []) putMade(0, one);
    if (what.later !== undefined) putLater(what.later);
    putHooks(0, what.hooks);
  }

  function putHooks(number: number, many: readonly Hook[] = []): void {
    for (const one of many) {
      const { id, endpoint, subject, event, url = "", payload, dead = "" } = one;
      hooks.put([number, id, endpoint, quoted(subject), quoted(event), quoted(url), quoted(dead)]);
      hookPayloads.push(payload);
    }
  }

  function putMade(number: number, { message, forward }: Made): void {
    putMessage(number, message, sharesNothing);
    putState(number, message, 1, "QUEUED", undefined);
    putMessage(number, forward.message, sharedWith(message, forward.message));
    putInQueue(number, forward);
  }

  function putInQueue(number: number, forward: Forward): void {
    const { id, root } = forward.message;
    const { queue: name, priority, dueMs, expiresMs, taken = false, ways } = forward;
    const expires = Math.ceil(expiresMs - given.nowMs);
    const row = [number, id, root, quoted(name), priority, untilMs(dueMs), expires, taken];
    if (ways === undefined) queue.put(row);
    else queueWithWays.put([...row, quoted(JSON.stringify(ways))]);
  }

  function putLater({ id, root, kind, dueMs, payload }: Later): void {
    laters.put([id, root, kind, untilMs(dueMs), quoted(payload)]);
  }

  function putTrace(root: string, lines: readonly TraceLine[]): void {
    const atMs = lines[0]?.at ?? given.nowMs;
    traces.put([root, atMs / 1000]);
    traceLines.push(JSON.stringify(lines));
  }

  function putMessage(number: number, message: Message, shared: Shared): void {
    const { sms } = message;
    messages.put([
      number,
      message.id,
      message.root,
      message.parent,
      idTimeMs(message.id) / 1000,
      message.direction,
      message.kind,
      quoted(message.channel),
      quoted(message.account),
      quoted(message.from),
      quoted(message.to),
      quotedOctets(shared.body ? undefined : sms?.octets),
      shared.meta ? undefined : sms?.dataCoding,
      message.hops,
    ]);
    metas.push(shared.meta || sms === undefined ? undefined : metaText(sms, message));
    logs.push(message.log.length === 0 ? "[]" : JSON.stringify(message.log));
  }

  function putState(
    number: number,
    message: Message,
    children: number,
    status: Status,
    error: string | undefined,
    held?: Held,
  ): void {
    const atS = idTimeMs(message.id) / 1000;
    states.put([
      number,
      message.id,
      message.root,
      children,
      status,
      quoted(error),
      atS,
      ...heldColumns(held),
    ]);
  }

  function putAttempt(one: AttemptFields): void {
    attempts.put(attemptRow(one));
  }

  function putPart(one: PartAttempt): void {
    partAttempts.put([...attemptRow(one), one.part, one.parts, one.reference]);
  }

  function putPartReport(id: string, { part, reference, status, error }: PartReport): void {
    const values = [id, String(part), status, error ?? null, openFor(status), String(reference)];
    partReports.push({ name: "partReported", values });
  }

  function attemptRow(one: AttemptFields): Values {
    return [
      one.id,
      one.root,
      one.tries,
      quoted(one.channel),
      quoted(one.providerId),
      one.status,
      quoted(one.error),
      one.reportAsked,
      one.maybeTwice,
      one.atMs / 1000,
    ];
  }

  function untilMs(atMs: number): number {
    return Math.max(0, Math.ceil(atMs - given.nowMs));
  }
}
