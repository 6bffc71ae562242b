import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import { firstWord } from "../model/folded.ts";
import type { NumbersImportView, NumberView, OwnerView } from "../model/inbound-view.ts";
import type { Log } from "../model/log.ts";
import { csvLines, refuseFaults } from "../route/inbound-csv.ts";
import { createNumberTable, type NumberRow, rowText } from "../route/inbound.ts";
import { keywordFrom, patternFrom, patternText } from "../route/number-pattern.ts";
import type { Store } from "../store/store.ts";
import type { EngineOptions } from "../trigger/engine.ts";

/** Rows; some 100 MB. Ranges and prefixes make one of many numbers. */
export const numbersMax = 200_000;

/** What an operator wants to be whose. */
export interface NewNumber {
  readonly pattern: string;
  readonly keyword: string;
  readonly account: string;
}

/** Whose a number is; `by`: the row of the table that says so. */
export interface Owner {
  readonly id: string;
  readonly by?: string;
}

/** Whose messages to a number are. Look-ups are in memory; changes are one after another. */
export interface Inbound {
  /**
   * The account that a message to this number belongs to. Asked by triggers, and for alerts; without a
   * row in the table it is only the accounts' own numbers that are asked, as if there were no table.
   */
  ownerOf(number: string, text?: string): Promise<Owner | undefined>;
  /** Everybody who shares the number, by the table or as the account's own. */
  ownersOf(number: string): Promise<readonly string[]>;
  /** Of a shared number, the account to which this word leads; undefined when it is no keyword there. */
  ownerByKeyword(number: string, word: string): string | undefined;
  /** As `ownerOf`, for an operator who wants to know. */
  check(number: string, text: string): Promise<OwnerView>;
  /** Rejects with `bad_request` for what cannot be, or is somebody's; with `unknown_account`. */
  add(row: NewNumber, by: string): Promise<NumberView>;
  /** Rejects with `bad_request` when there is none. */
  remove(row: Pick<NewNumber, "pattern" | "keyword">, by: string): Promise<void>;
  /**
   * Lines of `number`, `account` and, where there is one, `keyword`: all or none. Rejects with
   * `bad_request` that tells of the faults with their lines. `replace`: what is not in it goes.
   */
  import(
    text: string,
    how: { readonly replace: boolean; readonly by: string },
  ): Promise<NumbersImportView>;
}

export async function openInbound(parts: {
  readonly store: Pick<Store, "accounts" | "numbers">;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Inbound> {
  const { clock, log } = parts;
  const { accounts, numbers } = parts.store;
  let table = createNumberTable((await numbers.all()).map(rowOf));
  let turn: Promise<unknown> = Promise.resolve();

  return {
    ownerOf,
    async ownersOf(number) {
      const own = await accounts.byNumber(number);
      return [...new Set([...(own === undefined ? [] : [own.id]), ...table.sharers(number)])];
    },
    ownerByKeyword(number, word) {
      const found = table.exact(number, word) ?? table.wider(number, word);
      return found === undefined || found.keyword === "" ? undefined : found.account;
    },
    async check(number, text) {
      const owner = await ownerOf(number, text);
      return { account: owner?.id, by: owner?.by };
    },
    add: (wish, by) =>
      inTurn(async () => {
        const row = rowFrom(wish);
        const refusal = table.inTheWay(row);
        if (refusal !== undefined) throw wrong(`${rowText(row)} ${taken(row, refusal)}`);
        if (table.size >= numbersMax) throw wrong(full);
        const [fault] = await faultsOf([row]);
        if (fault !== undefined) throw new GatewayError(fault.code, fault.text);
        const view = viewOf(row, by, clock.nowMs());
        await numbers.change({ remove: [], add: [view] });
        table.add(row);
        // Which number it is stands in the table; no log shall have it.
        log.info({ account: row.account, kind: row.pattern.kind, by }, "number added");
        return view;
      }),
    remove: (wish, by) =>
      inTurn(async () => {
        const place = placeFrom(wish);
        const found = table.inTheWay(place);
        if (found === undefined || rowText(found) !== rowText(place))
          throw wrong(`${rowText(place)} is nobody's; see \`signalbox number list\``);
        const { pattern, keyword } = viewOf(found, by, 0);
        await numbers.change({ remove: [{ pattern, keyword }], add: [] });
        table.remove(place);
        log.info({ account: found.account, kind: place.pattern.kind, by }, "number removed");
      }),
    import: (text, { replace, by }) =>
      inTurn(async () => {
        const { lines, faults: ofForm } = csvLines(text, {
          must: ["number", "account"],
          may: ["keyword"],
        });
        const faults = [...ofForm];
        const fresh = createNumberTable();
        const added: NumberRow[] = [];
        const lineOf = new Map<NumberRow, number>();
        let same = 0;
        for (const { line, fields } of lines) {
          try {
            const { number = "", account = "", keyword = "" } = fields;
            const row = rowFrom({ pattern: number, account, keyword });
            const before = fresh.inTheWay(row) ?? (replace ? undefined : table.inTheWay(row));
            if (before !== undefined && isSame(before, row)) {
              same += 1;
              continue;
            }
            if (before !== undefined) {
              const other = lineOf.get(before);
              const where = other === undefined ? "" : `, line ${other}`;
              throw wrong(`${rowText(row)} ${taken(row, before)}${where}`);
            }
            fresh.add(row);
            added.push(row);
            lineOf.set(row, line);
          } catch (cause) {
            if (!(cause instanceof GatewayError)) throw cause;
            faults.push(`line ${line}: ${cause.message}`);
          }
        }
        for (const { row, text: why } of await faultsOf(added))
          faults.push(`line ${lineOf.get(row) ?? 0}: ${why}`);
        if (fresh.size + (replace ? 0 : table.size) > numbersMax) faults.push(full);
        refuseFaults(faults);
        const before = replace ? table.size : 0;
        const atMs = clock.nowMs();
        const views = added.map((row) => viewOf(row, by, atMs));
        await numbers.change({ remove: replace ? "all" : [], add: views });
        if (replace) table = fresh;
        else for (const row of added) table.add(row);
        log.info({ added: added.length, same, removed: before, by }, "numbers imported");
        return { added: added.length, same, removed: before };
      }),
  };

  async function ownerOf(number: string, text?: string): Promise<Owner | undefined> {
    if (table.size === 0) return accounts.byNumber(number);
    const word = text === undefined ? "" : firstWord(text);
    const found =
      table.exact(number, word) ?? (await accounts.byNumber(number)) ?? table.wider(number, word);
    return found === undefined || "id" in found ? found : { id: found.account, by: found.by };
  }

  /** What only the database knows: accounts that are not there, numbers that are an account's own. */
  async function faultsOf(rows: readonly NumberRow[]): Promise<Fault[]> {
    const known = await numbers.accountsOf([...new Set(rows.map(({ account }) => account))]);
    const alone = rows.flatMap(({ pattern, keyword }) =>
      pattern.kind === "exact" && keyword === "" ? pattern.number : [],
    );
    const owned = await numbers.ownedOf(alone);
    return rows.flatMap((row): Fault[] => {
      const { account } = row;
      if (!known.has(account))
        return [{ row, code: "unknown_account", text: `there is no account ${account}` }];
      const owner = row.keyword === "" ? owned.get(patternText(row.pattern)) : undefined;
      if (owner === undefined || owner === account) return [];
      const text = `${rowText(row)} for ${account} is a number of the account ${owner} itself`;
      return [{ row, code: "bad_request", text }];
    });
  }

  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = turn.then(act);
    turn = mine.catch(() => undefined);
    return mine;
  }
}

/**
 * `accounts.byNumber` of scripts. Of the number that the message at hand went to, its first word is looked
 * at, too; so no text leaves the gateway for it, nor stands in a trace.
 */
export function ownerFor({ ownerOf }: Pick<Inbound, "ownerOf">): EngineOptions["calls"][string] {
  return async ([number], request) => {
    if (typeof number !== "string") return undefined;
    const isItsOwn = request.kind === "message" && request.event.message.to === number;
    return ownerOf(number, isItsOwn ? request.event.text : undefined);
  };
}

interface Fault {
  readonly row: NumberRow;
  readonly code: "unknown_account" | "bad_request";
  readonly text: string;
}

const full = `there is room for ${numbersMax} rows; make ranges or prefixes of them`;

/** `for Test1 overlaps range … of Test2` */
function taken(row: NumberRow, other: NumberRow): string {
  const how = rowText(other) === rowText(row) ? "is" : `overlaps ${rowText(other)}, which is`;
  return `for ${row.account} ${how} ${other.account}'s already`;
}

function isSame(one: NumberRow, other: NumberRow): boolean {
  return one.account === other.account && rowText(one) === rowText(other);
}

function placeFrom({ pattern, keyword }: Pick<NewNumber, "pattern" | "keyword">) {
  return { pattern: patternFrom(pattern), keyword: keywordFrom(keyword) };
}

function rowFrom(wish: NewNumber): NumberRow {
  if (wish.account === "") throw wrong("it names no account");
  return { ...placeFrom(wish), account: wish.account };
}

function rowOf({ pattern, keyword, account }: NumberView): NumberRow {
  return { pattern: patternFrom(pattern), keyword, account };
}

function viewOf({ pattern, keyword, account }: NumberRow, by: string, atMs: number): NumberView {
  return { pattern: patternText(pattern), keyword, account, by, atMs };
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}
