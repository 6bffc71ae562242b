import { idTimeMs } from "../model/id.ts";
import type { Message, TraceLine } from "../model/message.ts";
import { type Status, predecessors } from "../model/status.ts";
import { arrayText, jsonList, plain, quoted, quotedOctets } from "./array-text.ts";
import { type Shared, metaText, sharedWith, sharesNothing } from "./message-row.ts";
import type { Acceptance, Conclusion, Finish, Forward, Later, Operation } from "./operation.ts";
import type { Step } from "./pipeline.ts";

/** The statements of one flush, and where the answers that matter stand among theirs. */
export interface FlushSteps {
  readonly steps: readonly Step[];
  /** Of each acceptance its number in the `refused` answer of the first step. */
  readonly acceptances: ReadonlyMap<Operation, number>;
  /** The position of the claim's answer, and how many rows it should have touched. */
  readonly claim: { readonly at: number; readonly rows: number } | undefined;
}

/** A status that a message takes, unless it has gone further already. */
interface Move {
  readonly id: string;
  readonly root: string;
  readonly status: Status;
  readonly error: string | undefined;
  readonly atMs: number;
  /** Its attempt takes it too, because a report is the answer to that. */
  readonly reported: boolean;
}

/** Statuses of an attempt that a report, or the end of waiting for it, may still change. */
const UNREPORTED: readonly Status[] = ["SENT", "NOREPORT"];

/** Statuses in the order in which a message goes through them, so that a flush never goes back. */
const PROGRESS: readonly Status[] = ["QUEUED", "SENDING", "SENT", "NOREPORT"];

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
  const messages = createTable(14);
  const metas: (string | undefined)[] = [];
  const logs: string[] = [];
  const states = createTable(7);
  const queue = createTable(7);
  const attempts = createTable(10);
  const traces = createTable(2);
  const traceLines: string[] = [];
  const claimed: string[] = [];
  const again: Step[] = [];
  const laters = createTable(5);
  const buried = createTable(5);
  const moves: Move[] = [];
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
      case "claim":
        claimed.push(...operation.ids);
        break;
      case "finish": {
        const { finish } = operation;
        const { id, kind, root, conclusion } = finish;
        ended.push(id);
        if (kind !== "report") {
          putAttempt(finish);
          moves.push({ ...finish, reported: false });
        }
        if (conclusion !== undefined) follow(root, conclusion);
        break;
      }
      case "conclude": {
        const { conclusion } = operation;
        const { root, status, done } = conclusion;
        if (status !== undefined) moves.push({ ...conclusion, status, reported: true });
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
        buried.put([id, plain(root), kind, quoted(reason), quoted(payload)]);
        if (pending) ended.push(id);
        break;
      }
      case "again": {
        const { id, tries, error, dueMs, maybeTwice } = operation.again;
        const values = [id, String(untilMs(dueMs)), String(tries), String(maybeTwice)];
        again.push({ name: "again", values });
        if (error !== undefined)
          putAttempt({
            ...operation.again,
            providerId: undefined,
            status: "QUEUED",
            reportAsked: false,
          });
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
  if (queue.size > 0) steps.push({ name: "queue", values: queue.values() });
  if (laters.size > 0) steps.push({ name: "later", values: laters.values() });
  const claim = claimed.length > 0 ? { at: steps.length, rows: claimed.length } : undefined;
  if (claim !== undefined)
    steps.push({ name: "claim", values: [arrayText(claimed), given.startId] });
  steps.push(...again);
  if (attempts.size > 0) steps.push({ name: "attempts", values: attempts.values() });
  if (ended.length > 0) steps.push({ name: "done", values: [arrayText(ended)] });
  steps.push(...settleSteps(moves));
  if (buried.size > 0) steps.push({ name: "buried", values: buried.values() });
  if (traces.size > 0)
    steps.push({ name: "trace", values: [...traces.values(), jsonList(traceLines)] });
  return { steps, acceptances, claim };

  function accept({ message, charge, forwards, status, error }: Acceptance, number: number): void {
    if (charge !== undefined) charges.put(number, charge.account, charge.credits);
    putMessage(number, message, sharesNothing);
    putState(number, message, forwards.length, status, error);
    for (const forward of forwards) {
      const child = forward.message;
      putMessage(number, child, sharedWith(message, child));
      if (forwards.length > 1) putState(number, child, 0, status, error);
      putInQueue(number, forward);
    }
  }

  function follow(root: string, what: Pick<Conclusion, "lines" | "tell" | "later">): void {
    if (what.lines.length > 0) putTrace(root, what.lines);
    for (const forward of what.tell) {
      putMessage(0, forward.message, sharesNothing);
      putInQueue(0, forward);
    }
    if (what.later !== undefined) putLater(what.later);
  }

  function putInQueue(number: number, { message, queue: name, ...rest }: Forward): void {
    const { id, root } = message;
    const times = [untilMs(rest.dueMs), Math.ceil(rest.expiresMs - given.nowMs)];
    queue.put([number, id, root, quoted(name), rest.priority, ...times]);
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
      plain(message.parent),
      idTimeMs(message.id) / 1000,
      message.direction,
      message.kind,
      quoted(message.channel),
      quoted(message.account),
      quoted(message.from),
      quoted(message.to),
      quotedOctets(shared.body ? undefined : sms?.octets),
      plain(shared.meta ? undefined : sms?.dataCoding),
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
  ): void {
    const atS = idTimeMs(message.id) / 1000;
    states.put([number, message.id, message.root, children, status, quoted(error), atS]);
  }

  function putAttempt(one: Omit<Finish, "kind" | "conclusion">): void {
    attempts.put([
      one.id,
      one.root,
      one.tries,
      quoted(one.channel),
      quoted(one.providerId),
      one.status,
      quoted(one.error),
      String(one.reportAsked),
      String(one.maybeTwice),
      one.atMs / 1000,
    ]);
  }

  function untilMs(atMs: number): number {
    return Math.max(0, Math.ceil(atMs - given.nowMs));
  }
}

/** Columns of rows to insert, each an array parameter. */
function createTable(columns: number): {
  readonly size: number;
  put(row: readonly (string | number)[]): void;
  values(): string[];
} {
  // Texts that grow are cheaper than lists that are joined: the engine joins them once, when sent.
  const texts = Array.from({ length: columns }, () => "");
  let size = 0;
  return {
    get size() {
      return size;
    },
    put(row) {
      for (let n = 0; n < columns; n += 1)
        texts[n] = size === 0 ? `{${row[n]}` : `${texts[n]},${row[n]}`;
      size += 1;
    },
    values: () => texts.map((text) => `${text}}`),
  };
}

/** The charges of a flush: what each account has to pay in all, and each acceptance's price. */
function createCharges(): {
  put(acceptance: number, account: string, credits: number): void;
  values(): string[];
} {
  const sums = new Map<string, number>();
  const charges: { acceptance: number; account: string; credits: number }[] = [];
  return {
    put(acceptance, account, credits) {
      sums.set(account, (sums.get(account) ?? 0) + credits);
      charges.push({ acceptance, account, credits });
    },
    values() {
      const accounts = [...sums.keys()].sort();
      const numberOf = new Map(accounts.map((account, n) => [account, n + 1]));
      return [
        arrayText(accounts.map(quoted)),
        arrayText(accounts.map((account) => sums.get(account) ?? 0)),
        arrayText(charges.map((charge) => charge.acceptance)),
        arrayText(charges.map((charge) => numberOf.get(charge.account) ?? 0)),
        arrayText(charges.map((charge) => charge.credits)),
      ];
    },
  };
}

/**
 * One call for each outcome that occurs, which is one or two in nearly every flush: so rows can be
 * addressed by an array of ids. Outcomes that come first in a life go first.
 */
function settleSteps(moves: readonly Move[]): Step[] {
  const groups = new Map<string, Move[]>();
  for (const move of moves) {
    const key = `${move.status} ${move.error ?? ""}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [move]);
    else group.push(move);
  }
  return [...groups.values()].sort((one, other) => rank(one) - rank(other)).flatMap(stepsOfGroup);
}

function rank(group: readonly Move[]): number {
  const at = PROGRESS.indexOf(group[0]?.status ?? "QUEUED");
  return at === -1 ? PROGRESS.length : at;
}

function stepsOfGroup(group: readonly Move[]): Step[] {
  const first = group[0];
  if (first === undefined) throw new Error("a group of moves is never empty");
  const { status } = first;
  const error = first.error ?? null;
  const from = predecessors(status);
  const ids = group.map((move) => move.id);
  const roots = group.map((move) => move.root);
  const { lowest, highest } = boundsOf([...ids, ...roots]);
  const at = String(Math.max(...group.map((move) => move.atMs)) / 1000);
  const states = [arrayText(ids), arrayText(roots), lowest, highest, status, error, at];
  const settle = { name: "settle", values: [...states, arrayText(from)] };
  const reported = group.filter((move) => move.reported).map((move) => move.id);
  if (reported.length === 0) return [settle];
  const bounds = boundsOf(reported);
  const attempts = [arrayText(reported), bounds.lowest, bounds.highest, status, error];
  const open = arrayText(UNREPORTED.filter((one) => from.includes(one)));
  return [settle, { name: "reported", values: [...attempts, open] }];
}

/** The smallest and the largest id, so that only the days between are looked at. */
export function boundsOf(ids: readonly string[]): { lowest: string; highest: string } {
  let lowest = ids[0] ?? "";
  let highest = lowest;
  for (const id of ids) {
    if (id < lowest) lowest = id;
    if (id > highest) highest = id;
  }
  return { lowest, highest };
}
