import { type Kysely, sql } from "kysely";
import {
  type KeptOptions,
  type OptionChanges,
  changedOptions,
  keptText,
  optionsFrom,
  shownOptions,
  standardOptions,
} from "../model/account-options.ts";
import { type Amount, amountMax, amountOf, amountText, parseAmount } from "../model/amount.ts";
import { GatewayError } from "../model/error.ts";
import { idTimeMs } from "../model/id.ts";
import { type KeptPassword, sha1Utf16le } from "../model/kept-password.ts";
import type { AccountDetail, AccountView } from "../model/account-view.ts";
import { orNoRoom } from "./full-disk.ts";
import {
  type LoginSettings,
  type NewPassword,
  type Verified,
  createLogins,
  fileScheme,
  storePassword,
} from "./logins.ts";
import type { Tables } from "./tables.ts";

/** The customers; their id is the system_id that they bind with. */
export interface Accounts {
  get(id: string): Promise<AccountView | undefined>;
  /** In the order of their ids. */
  list(): Promise<AccountView[]>;
  /**
   * Rejects with `account_exists`, or `bad_request` when an id, password, number, credit or option
   * cannot be; then nothing of it is there.
   */
  add(account: NewAccount): Promise<AccountView & Warned>;
  /**
   * Adds credits, or takes them with a negative number; an entry of the ledger. Rejects with
   * `unknown_account`, with `bad_request` for what is no amount, or with `no_credit` when fewer are
   * there than are to be taken; then nothing changes.
   */
  credit(id: string, credits: number, entry?: CreditEntry): Promise<AccountView>;
  /** Rejects with `unknown_account` or `bad_request`. Binds that are there stay. */
  setPassword(id: string, password: string | NewPassword): Promise<Warned>;
  /** What the configuration says of passwords, from now on; gives whose is another one now. */
  useLogins(settings: LoginSettings): readonly string[];
  /** Makes those of these accounts that are not there, with nothing but a name. */
  makeMissing(ids: readonly string[]): Promise<void>;
  /** With what it has otherwise than others. */
  detail(id: string): Promise<AccountDetail | undefined>;
  /** Called for each message and receipt, so they are in memory; standard ones if nobody has set any. */
  optionsOf(id: string): KeptOptions;
  /** Those for whom any option was ever set. */
  withOptions(): readonly string[];
  /** Rejects with `unknown_account`, or with `bad_request` that tells of all that cannot be. */
  setOptions(id: string, changes: OptionChanges): Promise<AccountDetail>;
  /** Replaces the numbers whose messages go to this account. Rejects as `add` does. */
  setNumbers(id: string, numbers: readonly string[]): Promise<AccountView>;
  /** Whose number it is, by its canonical form. */
  byNumber(number: string): Promise<{ readonly id: string } | undefined>;
  /** Called for each bind. An unknown account and a wrong password cost the same time. */
  verify(systemId: string, password: string): Promise<Verified>;
  /**
   * The same for a password that is kept elsewhere; `undefined`: there it is an unknown account.
   * Rejects with `data_source_failed` when what is kept is of no form that we know.
   */
  verifyKept(systemId: string, password: string, kept: KeptPassword | undefined): Promise<Verified>;
  /** By the accounts of the configuration file alone; undefined where it names none. */
  verifyInFile(systemId: string, password: string): Promise<Verified> | undefined;
  /** Two accounts to try with, when there is none at all. Gives whether it made them. */
  seedExample(): Promise<boolean>;
  /** The ids of example accounts whose password is still the one that everybody knows. */
  seededPasswordUnchanged(): Promise<string[]>;
}

export interface NewAccount extends NewPassword {
  readonly id: string;
  readonly credits: number;
  readonly numbers: readonly string[];
  readonly options?: OptionChanges | undefined;
}

/** What was done, and should perhaps be otherwise: whole sentences. */
export interface Warned {
  readonly warnings: readonly string[];
}

/** Who changed a balance, and why; characters beyond `noteCharactersMax` are refused. */
export interface CreditEntry {
  readonly by: string;
  readonly note?: string | undefined;
  /** What sets right an entry before, rather than what was paid in; what is taken always does. */
  readonly correction?: boolean | undefined;
}

/** Characters of a note in the ledger. */
const noteCharactersMax = 500;

const numberForm = /^\+?[0-9A-Za-z ]{1,20}$/;

/** The accounts of the how-to; their passwords are public. */
const EXAMPLES = [
  { id: "Test1", password: "Pwd1", number: "+31699887766" },
  { id: "Test2", password: "Pwd2", number: "+31688776655" },
] as const;

const exampleCredits = 100;

/** ms. A new form of ids counts from so much later on: longer than the database takes to store it. */
const idFormDelayMs = 1_000;

/**
 * Called once per start. Nobody else writes to the database, so options are read here and then only
 * kept up: of those accounts alone that have any.
 */
export async function createAccounts(db: Kysely<Tables>, newId: () => string): Promise<Accounts> {
  const options = await keptOptions(db);
  /** Ends when all changes of options before are in memory: each builds on the one before. */
  let settingOptions: Promise<unknown> = Promise.resolve();
  const logins = createLogins(db);

  const accounts: Accounts = {
    async get(id) {
      const [found] = await views(db, id);
      return found && shown(found);
    },
    list: async () => (await views(db, undefined)).map(shown),
    async add({ id, credits, numbers, options: changes = {}, ...given }) {
      const { kept, warnings } = await logins.made(id, given);
      const amount = amountOf(credits);
      const wanted = changedOptions(standardOptions, changes, 0);
      await db.transaction().execute(async (transaction) => {
        await insert(transaction, id, amount, kept);
        await putNumbers(transaction, id, numbers);
        await putOptions(transaction, id, wanted);
      });
      if (Object.keys(changes).length > 0) options.set(id, wanted);
      return { ...known(await accounts.get(id), id), warnings };
    },
    async credit(id, credits, { by, note, correction = false } = { by: "signalbox" }) {
      const amount = amountOf(credits, { negative: true });
      if (amount === 0n) throw new GatewayError("bad_request", "0 credits change nothing.");
      if (note !== undefined && !isNote(note))
        throw new GatewayError(
          "bad_request",
          `A note has at most ${noteCharactersMax} characters.`,
        );
      const kind = amount < 0n || correction ? "correction" : "topup";
      const text = amountText(amount);
      const { rows } = await sql`
        with changed as (
          update account set credits = credits + ${text}::numeric,
            low_told = low_told and coalesce(credits + ${text}::numeric < low_at, false)
          where id = ${id}
            and credits + ${text}::numeric between 0 and ${amountText(amountMax)}::numeric
          returning id)
        insert into ledger (account, kind, amount, by, note)
        select id, ${kind}, ${text}::numeric, ${by}, ${note ?? null} from changed
        returning account`.execute(db);
      const account = known(await accounts.get(id), id);
      if (rows.length === 1) return account;
      if (amount < 0n) throw new GatewayError("no_credit", `${id} has ${account.credits} credits.`);
      const most = amountText(amountMax);
      throw new GatewayError("bad_request", `${id} would have more than ${most} credits.`);
    },
    async setPassword(id, given) {
      if (logins.isInFile(id))
        throw new GatewayError(
          "bad_request",
          `The password of ${id} stands in the configuration file: change it there.`,
        );
      const wanted = typeof given === "string" ? { password: given } : given;
      const { kept, warnings } = await logins.made(id, wanted);
      if (!(await storePassword(db, id, kept))) throw unknown(id);
      return { warnings };
    },
    useLogins: logins.use,
    async makeMissing(ids) {
      for (const id of ids)
        if ((await accounts.get(id)) === undefined)
          await db
            .transaction()
            .execute((transaction) =>
              insert(transaction, id, 0n, { scheme: fileScheme, hash: "" }),
            );
    },
    async setNumbers(id, numbers) {
      known(await accounts.get(id), id);
      await db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom("account_number").where("account", "=", id).execute();
        await putNumbers(transaction, id, numbers);
      });
      return known(await accounts.get(id), id);
    },
    async byNumber(number) {
      const found = await db
        .selectFrom("account_number")
        .select("account as id")
        .where("number", "=", number)
        .executeTakeFirst();
      return found;
    },
    async detail(id) {
      const account = await accounts.get(id);
      return account && { ...account, options: shownOptions(accounts.optionsOf(id)) };
    },
    optionsOf: (id) => options.get(id) ?? standardOptions,
    withOptions: () => [...options.keys()],
    setOptions(id, changes) {
      const set = settingOptions.then(() => setOptions(id, changes));
      settingOptions = set.catch(() => undefined);
      return set;
    },
    verify: logins.verify,
    verifyKept: logins.verifyKept,
    verifyInFile: logins.verifyInFile,
    seedExample: () =>
      db.transaction().execute(async (transaction) => {
        const any = await transaction.selectFrom("account").select("id").limit(1).execute();
        if (any.length > 0) return false;
        for (const { id, password, number } of EXAMPLES) {
          const kept = { scheme: "sha1-utf16le", hash: sha1Utf16le(password) } as const;
          await insert(transaction, id, amountOf(exampleCredits), kept);
          await putNumbers(transaction, id, [number]);
        }
        return true;
      }),
    async seededPasswordUnchanged() {
      const rows = await db
        .selectFrom("account")
        .select(["id", "password_hash"])
        .where(
          "id",
          "in",
          EXAMPLES.map((example) => example.id),
        )
        .orderBy("id")
        .execute();
      return rows
        .filter((row) =>
          EXAMPLES.some(
            ({ id, password }) => id === row.id && sha1Utf16le(password) === row.password_hash,
          ),
        )
        .map((row) => row.id);
    },
  };
  return {
    ...accounts,
    add: (account) => orNoRoom(accounts.add(account)),
    credit: (id, credits, entry) => orNoRoom(accounts.credit(id, credits, entry)),
    setPassword: (id, password) => orNoRoom(accounts.setPassword(id, password)),
    setOptions: (id, changes) => orNoRoom(accounts.setOptions(id, changes)),
  };

  function shown(view: AccountView): AccountView {
    if (logins.isInFile(view.id)) return { ...view, passwordScheme: fileScheme };
    return view.passwordScheme === fileScheme ? { ...view, passwordScheme: "none" } : view;
  }

  async function setOptions(id: string, changes: OptionChanges): Promise<AccountDetail> {
    let fromMs: number;
    let next: KeptOptions;
    do {
      // Until it is in memory, ids are given in the old form: those must count as made before.
      fromMs = idTimeMs(newId()) + idFormDelayMs;
      next = changedOptions(accounts.optionsOf(id), changes, fromMs);
      if (!(await putOptions(db, id, next))) throw unknown(id);
    } while (idTimeMs(newId()) >= fromMs);
    options.set(id, next);
    return { ...known(await accounts.get(id), id), options: shownOptions(next) };
  }
}

/** False when there is no such account. */
async function putOptions(db: Kysely<Tables>, id: string, next: KeptOptions): Promise<boolean> {
  const changed = await db
    .updateTable("account")
    .set({
      options: keptText(next),
      low_at: markOf(next),
      // Another mark may be crossed anew.
      low_told: sql<boolean>`low_told and low_at is not distinct from ${markOf(next)}::numeric`,
    })
    .where("id", "=", id)
    .executeTakeFirst();
  return changed.numUpdatedRows !== 0n;
}

/** Of the accounts that have any. */
async function keptOptions(db: Kysely<Tables>): Promise<Map<string, KeptOptions>> {
  const rows = await db
    .selectFrom("account")
    .select(["id", "options"])
    .where("options", "!=", "{}")
    .execute();
  return new Map(rows.map((row) => [row.id, optionsFrom(row.options)]));
}

async function views(db: Kysely<Tables>, id: string | undefined): Promise<AccountView[]> {
  const { rows } = await sql<AccountView>`
    select a.id, a.credits::float8 as credits, a.password_scheme as "passwordScheme",
      array(select number from account_number where account = a.id order by number) as numbers
    from account a where ${id ?? null}::text is null or a.id = ${id ?? null} order by a.id`.execute(
    db,
  );
  return rows;
}

async function insert(
  db: Kysely<Tables>,
  id: string,
  amount: Amount,
  kept: { readonly scheme: string; readonly hash: string },
): Promise<void> {
  const credits = amountText(amount);
  const done = await db
    .insertInto("account")
    .values({ id, credits, password_scheme: kept.scheme, password_hash: kept.hash })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (done.numInsertedOrUpdatedRows !== 1n)
    throw new GatewayError("account_exists", `There is an account ${id} already.`);
  const entry = { account: id, kind: "opening", amount: credits, by: "signalbox" };
  await db.insertInto("ledger").values(entry).execute();
}

async function putNumbers(
  db: Kysely<Tables>,
  account: string,
  numbers: readonly string[],
): Promise<void> {
  for (const number of numbers) {
    if (!numberForm.test(number))
      throw new GatewayError("bad_request", `"${number}" is not a number.`);
    const other = await db
      .selectFrom("inbound_number")
      .select("account")
      .where("pattern", "=", number)
      .where("keyword", "=", "")
      .where("account", "!=", account)
      .executeTakeFirst();
    if (other !== undefined)
      throw new GatewayError(
        "bad_request",
        `${number} is ${other.account}'s by \`signalbox number list\`.`,
      );
    const done = await db
      .insertInto("account_number")
      .values({ number, account })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (done.numInsertedOrUpdatedRows !== 1n)
      throw new GatewayError("bad_request", `${number} belongs to an account already.`);
  }
}

/** Below what he is told of; none for 0. */
function markOf({ lowBalance }: KeptOptions): string | null {
  const amount = lowBalance === "" ? 0n : parseAmount(lowBalance);
  return amount === 0n ? null : amountText(amount);
}

/** PostgreSQL stores no U+0000. */
function isNote(text: string): boolean {
  return text.length <= noteCharactersMax && !text.includes("\0");
}

function known(account: AccountView | undefined, id: string): AccountView {
  if (account === undefined) throw unknown(id);
  return account;
}

function unknown(id: string): GatewayError {
  return new GatewayError("unknown_account", `There is no account ${id}.`);
}
