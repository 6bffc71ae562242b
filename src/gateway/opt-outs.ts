import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { OptOutsImportView, OptOutView } from "../model/inbound-view.ts";
import type { Log } from "../model/log.ts";
import type { Message } from "../model/message.ts";
import { csvLines, refuseFaults } from "../route/inbound-csv.ts";
import type { Store } from "../store/store.ts";

/** Numbers on all lists together; some 100 MB. Above it only those who write STOP themselves are taken. */
export const optOutsMax = 1_000_000;

const numberForm = /^\+?\d{3,20}$/;

/** Whose list: an account's; left out, the one for everybody's messages. */
export type ListOf = string | undefined;

/**
 * Who wants no messages. All lists are in memory, so that an empty one costs a message nothing and a full
 * one a look; a change is committed before it is in force.
 */
export interface OptOuts {
  /** Is it on this account's list, or on the one for all? */
  has(number: string, account: ListOf): boolean;
  /** Is this to go out to somebody who is on a list? Asked for each message before it is sent. */
  holdsBack(message: Message): boolean;
  /** false: it stood there. Rejects with `bad_request` for what is no number, or when there is no room. */
  add(number: string, account: ListOf, by: string): Promise<boolean>;
  /** The word of the number itself: there is always room for it. */
  stop(number: string, accounts: readonly string[]): Promise<void>;
  /** false: it was not there. */
  remove(number: string, account: ListOf, by: string): Promise<boolean>;
  /**
   * Lines of `number` and, where there is one, `account`: all or none. Rejects with `bad_request` that
   * tells of the faults with their lines.
   */
  import(text: string, by: string): Promise<OptOutsImportView>;
}

export async function openOptOuts(parts: {
  readonly store: Pick<Store, "optOuts" | "numbers">;
  readonly clock: Clock;
  readonly log: Log;
  readonly entriesMax?: number;
}): Promise<OptOuts> {
  const { clock, log, entriesMax = optOutsMax } = parts;
  const { optOuts: table, numbers } = parts.store;
  /** By account; empty: for everybody. */
  const lists = new Map<string, Set<string>>();
  let size = 0;
  let turn: Promise<unknown> = Promise.resolve();
  for (const row of await table.all()) put(row);

  return {
    has,
    holdsBack: ({ kind, to, account, despiteOptOut }) =>
      size > 0 && kind === "sms" && despiteOptOut !== true && has(to, account),
    add: (number, account = "", by) =>
      inTurn(async () => {
        const row = { number: keyFrom(number), account, by, atMs: clock.nowMs() };
        if (isOn(row)) return false;
        if (size >= entriesMax) throw full(entriesMax);
        await refuseUnknown(account);
        await table.add([row]);
        put(row);
        log.info({ account, by }, "a number is on the opt-out list");
        return true;
      }),
    stop: (number, accounts) =>
      inTurn(async () => {
        const key = keyOf(number);
        const rows = accounts
          .map((account) => ({ number: key, account, by: "message", atMs: clock.nowMs() }))
          .filter((row) => !isOn(row));
        if (rows.length === 0) return;
        await table.add(rows);
        for (const row of rows) put(row);
        if (size > entriesMax) log.warn({ size }, "the opt-out lists are longer than they may be");
      }),
    remove: (number, account = "", by) =>
      inTurn(async () => {
        const row = { number: keyFrom(number), account };
        if (!isOn(row)) return false;
        await table.remove([row]);
        lists.get(account)?.delete(row.number);
        size -= 1;
        log.info({ account, by }, "a number is off the opt-out list");
        return true;
      }),
    import: (text, by) =>
      inTurn(async () => {
        const { lines, faults: ofForm } = csvLines(text, { must: ["number"], may: ["account"] });
        const faults = [...ofForm];
        const rows = new Map<string, OptOutView>();
        const atMs = clock.nowMs();
        const named = new Set(lines.map(({ fields }) => fields["account"] ?? ""));
        named.delete("");
        const known = await numbers.accountsOf([...named]);
        let same = 0;
        for (const { line, fields } of lines) {
          const { number: written = "", account = "" } = fields;
          const number = keyOf(written);
          const row = { number, account, by, atMs };
          if (!numberForm.test(written))
            faults.push(`line ${line}: "${written.slice(0, 40)}" is no number`);
          else if (account !== "" && !known.has(account))
            faults.push(`line ${line}: there is no account ${account.slice(0, 40)}`);
          else if (isOn(row) || rows.has(`${account} ${number}`)) same += 1;
          else rows.set(`${account} ${number}`, row);
        }
        if (size + rows.size > entriesMax) faults.push(full(entriesMax).message);
        refuseFaults(faults);
        await table.add([...rows.values()]);
        for (const row of rows.values()) put(row);
        log.info({ added: rows.size, same, by }, "opt-outs imported");
        return { added: rows.size, same };
      }),
  };

  function has(number: string, account: ListOf): boolean {
    if (size === 0) return false;
    const key = keyOf(number);
    if (lists.get("")?.has(key) === true) return true;
    return account !== undefined && lists.get(account)?.has(key) === true;
  }

  function isOn({ number, account }: Pick<OptOutView, "number" | "account">): boolean {
    return lists.get(account)?.has(number) === true;
  }

  function put({ number, account }: Pick<OptOutView, "number" | "account">): void {
    const list = lists.get(account) ?? new Set<string>();
    lists.set(account, list.add(number));
    size += 1;
  }

  async function refuseUnknown(account: string): Promise<void> {
    if (account === "" || (await numbers.accountsOf([account])).has(account)) return;
    throw new GatewayError("unknown_account", `There is no account ${account}.`);
  }

  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = turn.then(act);
    turn = mine.catch(() => undefined);
    return mine;
  }
}

/** One network writes it with its +, another without. */
export function keyOf(number: string): string {
  return number.startsWith("+") ? number.slice(1) : number;
}

function keyFrom(number: string): string {
  if (numberForm.test(number)) return keyOf(number);
  throw new GatewayError("bad_request", `"${number.slice(0, 40)}" is no number.`);
}

function full(entriesMax: number): GatewayError {
  const text = `The opt-out lists have room for ${entriesMax} numbers.`;
  return new GatewayError("bad_request", text);
}
