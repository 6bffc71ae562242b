import { idTimeMs } from "../model/id.ts";
import type { Message } from "../model/message.ts";
import { type Status, predecessors } from "../model/status.ts";
import { arrayText, jsonList, plain, quoted, quotedOctets } from "./array-text.ts";
import { type Shared, metaText, sharedWith, sharesNothing } from "./message-row.ts";
import type { Acceptance, Finish, Operation } from "./operation.ts";
import type { Step } from "./pipeline.ts";

/** The statements of one flush, and where the answers that matter stand among theirs. */
export interface FlushSteps {
  readonly steps: readonly Step[];
  /** Of each acceptance its number in the `refused` answer of the first step. */
  readonly acceptances: ReadonlyMap<Operation, number>;
  /** The position of the claim's answer, and how many rows it should have touched. */
  readonly claim: { readonly at: number; readonly rows: number } | undefined;
}

/** Statuses in the order in which a message goes through them, so that a flush never goes back. */
const PROGRESS: readonly Status[] = ["QUEUED", "SENDING", "SENT", "NOREPORT"];

/**
 * Makes the statements for these operations: first the batch row and the charges, then what is new,
 * then what moves, then what ends. Within a statement the order of the operations stays.
 */
export function stepsOf(
  operations: readonly Operation[],
  given: { readonly batch: string; readonly startId: string; readonly nowMs: number },
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
  const finishes: Finish[] = [];
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
      case "finish":
        finishes.push(operation.finish);
        putAttempt(operation.finish);
        break;
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
      case "trace": {
        const { root, lines } = operation;
        const atMs = lines[0]?.at ?? given.nowMs;
        traces.put([root, atMs / 1000]);
        traceLines.push(JSON.stringify(lines));
        break;
      }
    }
  }

  const steps: Step[] = [{ name: "begin", values: [given.batch, ...charges.values()] }];
  if (messages.size > 0) {
    const values = [...messages.values(), jsonList(metas), jsonList(logs)];
    steps.push({ name: "messages", values });
  }
  if (states.size > 0) steps.push({ name: "states", values: states.values() });
  if (queue.size > 0) steps.push({ name: "queue", values: queue.values() });
  const claim = claimed.length > 0 ? { at: steps.length, rows: claimed.length } : undefined;
  if (claim !== undefined)
    steps.push({ name: "claim", values: [arrayText(claimed), given.startId] });
  steps.push(...again);
  if (attempts.size > 0) steps.push({ name: "attempts", values: attempts.values() });
  if (finishes.length > 0) {
    steps.push({ name: "done", values: [arrayText(finishes.map((finish) => finish.id))] });
    steps.push(...settleSteps(finishes));
  }
  if (traces.size > 0)
    steps.push({ name: "trace", values: [...traces.values(), jsonList(traceLines)] });
  return { steps, acceptances, claim };

  function accept({ message, charge, forwards, status }: Acceptance, number: number): void {
    if (charge !== undefined) charges.put(number, charge.account, charge.credits);
    putMessage(number, message, sharesNothing);
    putState(number, message, forwards.length, status, undefined);
    for (const forward of forwards) {
      const child = forward.message;
      putMessage(number, child, sharedWith(message, child));
      if (forwards.length > 1) putState(number, child, 0, status, undefined);
      const { dueMs, expiresMs, priority } = forward;
      const name = quoted(forward.queue);
      const times = [untilMs(dueMs), Math.ceil(expiresMs - given.nowMs)];
      queue.put([number, child.id, child.root, name, priority, ...times]);
    }
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

  function putAttempt(one: Omit<Finish, "tries"> & { tries: number }): void {
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
function settleSteps(finishes: readonly Finish[]): Step[] {
  const groups = new Map<string, Finish[]>();
  for (const finish of finishes) {
    const key = `${finish.status} ${finish.error ?? ""}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finish]);
    else group.push(finish);
  }
  return [...groups.values()].sort((one, other) => rank(one) - rank(other)).map(settleStep);
}

function rank(group: readonly Finish[]): number {
  const at = PROGRESS.indexOf(group[0]?.status ?? "QUEUED");
  return at === -1 ? PROGRESS.length : at;
}

function settleStep(group: readonly Finish[]): Step {
  const first = group[0];
  if (first === undefined) throw new Error("a group of finishes is never empty");
  const ids = group.map((finish) => finish.id);
  const roots = group.map((finish) => finish.root);
  const { lowest, highest } = boundsOf([...ids, ...roots]);
  const atMs = Math.max(...group.map((finish) => finish.atMs));
  return {
    name: "settle",
    values: [
      arrayText(ids),
      arrayText(roots),
      lowest,
      highest,
      first.status,
      first.error ?? null,
      String(atMs / 1000),
      arrayText(predecessors(first.status)),
    ],
  };
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
