import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import {
  type NumberTableAnswerView,
  type NumberTableEntry,
  type NumberTableImportView,
  type NumberTableOptions,
  type NumberTableVersion,
  type NumberTableView,
  numberTableName,
  portedTable,
} from "../model/number-table.ts";
import { numberTable } from "../route/number-table.ts";
import type { NumberTable } from "../route/question.ts";
import {
  type PackedTable,
  type TableFault,
  octetsOf,
  tableBuilder,
} from "../route/table-builder.ts";
import { entriesOfCsv } from "../route/table-csv.ts";
import { changeText, csvLines } from "../route/table-text.ts";
import type { Store } from "../store/store.ts";
import { type FaultList, faultList } from "./table-faults.ts";

/** Lines of one table; 1 s to load, 80 MB in memory. */
export const entriesMax = 2_000_000;

/** Lines of all tables together, with what is being imported: 200 MB. */
export const entriesOfAllMax = 5_000_000;

/** Tables; each is a price list or the like. */
export const tablesMax = 50;

/** How far an import is; of `reading` in octets, else in lines. */
export interface ImportStep {
  readonly step: "reading" | "checking";
  readonly done: number;
  readonly total: number;
}

/** A file that is imported: as it comes, and how long it is. */
export interface ImportFile {
  readonly chunks: AsyncIterable<Buffer>;
  readonly octets: number;
}

export interface ImportWanted {
  readonly name: string;
  /** What is left out stays as it is. */
  readonly options: Partial<NumberTableOptions>;
  readonly by: string;
  /** True: it is only told what would change. */
  readonly isTry: boolean;
}

/**
 * The number tables in memory and how they are changed. A look-up sees a table as a whole: what is
 * changed is built beside it in slices, and takes its place at once when it is committed.
 */
export interface NumberTables {
  /** Reads all tables; called once, before anything is routed. */
  load(): Promise<void>;
  /** For the router, at each look-up: undefined for one that is not there. */
  table(name: string): NumberTable | undefined;
  list(): readonly NumberTableView[];
  /** What follows reject with `unknown_number_table` for one that is not there. */
  versions(name: string): Promise<readonly NumberTableVersion[]>;
  find(name: string, number: string): NumberTableAnswerView;
  /** As CSV that can be imported again; of the version that runs when left out. */
  export(name: string, version?: number): Promise<AsyncIterable<string>>;
  /**
   * Takes a file as a new version, or only says what would change. Rejects with `bad_number_table` that
   * names all lines that are wrong, up to a hundred; then nothing was changed. One change at a time: another one is `bad_request`.
   */
  import(
    file: ImportFile,
    wanted: ImportWanted,
  ): AsyncGenerator<ImportStep, NumberTableImportView, void>;
  /** The same for a try: the table as it would be, which is in no list and of which nothing is kept. */
  tried(
    file: ImportFile,
    wanted: { readonly name: string; readonly options: Partial<NumberTableOptions> },
  ): AsyncGenerator<ImportStep, NumberTable, void>;
  /** The version that was before when left out. */
  rollback(name: string, version?: number): Promise<NumberTableView>;
  /** Rejects with `number_table_used` while rules name it. */
  drop(name: string): Promise<NumberTableView>;
}

interface Loaded {
  readonly version: NumberTableVersion;
  readonly packed: PackedTable;
  readonly table: NumberTable;
}

export function createNumberTables(parts: {
  readonly store: Pick<Store, "numberTables">;
  readonly clock: Clock;
  readonly log: Log;
  /** What is wrong with a target, in words; undefined for one that is there. */
  readonly targetFault?: ((target: string) => string | undefined) | undefined;
  /** Rules that name a table, by their names or places. */
  readonly usedBy?: ((table: string) => readonly string[]) | undefined;
}): NumberTables {
  const { clock, log, targetFault = () => undefined, usedBy = () => [] } = parts;
  const { numberTables: store } = parts.store;
  const loaded = new Map<string, Loaded>();
  let isChanging = false;

  return {
    async load() {
      for (const { name, ...version } of await store.all()) {
        const startedMs = clock.nowMs();
        const packed = await packedFrom(name, version, store.read(name, version.version));
        put(name, { ...version, runs: true }, packed);
        const facts = { table: name, entries: packed.size, memoryOctets: octetsOf(packed) };
        log.info({ ...facts, ms: clock.nowMs() - startedMs }, "number table loaded");
      }
    },
    table: (name) => loaded.get(name)?.table,
    list: () => [...loaded].map(([name, one]) => viewOf(name, one)).toSorted(byName),
    async versions(name) {
      mustBeThere(name);
      return store.versions(name);
    },
    find(name, number) {
      const { entries, passedOver = [], blocked } = mustBeThere(name).table.find(number);
      const candidates = entries.map(({ provider, price, quality, why }) => {
        return { provider, price, quality, why };
      });
      return { candidates, passedOver, blocked };
    },
    async export(name, version) {
      const wanted = version ?? mustBeThere(name).version.version;
      if (version !== undefined) await versionAt(name, version);
      return csvLines(store.read(name, wanted));
    },
    async *import(file, wanted) {
      return (yield* imported(file, wanted)).view;
    },
    async *tried(file, wanted) {
      return (yield* imported(file, { ...wanted, by: "", isTry: true })).table;
    },
    async rollback(name, wanted) {
      const running = mustBeThere(name).version.version;
      return alone(async () => {
        const kept = await store.versions(name);
        const to =
          wanted === undefined
            ? kept.find(({ version }) => version < running)
            : kept.find(({ version }) => version === wanted);
        if (to === undefined) throw unknownVersion(name, wanted);
        const packed = await packedFrom(name, to, store.read(name, to.version));
        await store.use(name, to.version);
        return viewOf(name, put(name, { ...to, runs: true }, packed));
      });
    },
    async drop(name) {
      const was = mustBeThere(name);
      const rules = usedBy(name);
      if (rules.length > 0)
        throw new GatewayError("number_table_used", `${name} is named by ${rules.join(", ")}.`);
      return alone(async () => {
        await store.drop(name);
        loaded.delete(name);
        return viewOf(name, was);
      });
    },
  };

  /** What is stored and what is in memory change together, so there is one change at a time. */
  function begin(): void {
    if (isChanging)
      throw new GatewayError("bad_request", "Another change of a number table is under way.");
    isChanging = true;
  }

  async function alone<T>(work: () => Promise<T>): Promise<T> {
    begin();
    return work().finally(() => (isChanging = false));
  }

  /** Whoever stops listening breaks it off, unless it is committed already. */
  async function* imported(
    file: ImportFile,
    { name, options: changed, by, isTry }: ImportWanted,
  ): AsyncGenerator<ImportStep, { view: NumberTableImportView; table: NumberTable }, void> {
    mustBeName(name);
    begin();
    const options = { ...optionsOf(name), ...changed };
    const steps = createSteps<ImportStep>();
    const gone = new AbortController();
    const work = taken().finally(() => (isChanging = false));
    try {
      yield* steps.until(work);
      return await work;
    } finally {
      gone.abort();
      // Whoever waited has been told; else nobody does.
      await work.catch(() => undefined);
    }

    async function taken() {
      const faults = faultList();
      const atMs = clock.nowMs();
      let packed: PackedTable | undefined;
      const stored = await store.import(
        { name, options, by, atMs, isTry },
        checked(name, file, faults, { tell: steps.tell, signal: gone.signal }),
        async ({ entries, read }) => {
          packed = await packedFrom(name, { entries, options }, read(), faults, (done) => {
            gone.signal.throwIfAborted();
            steps.tell({ step: "checking", done, total: entries });
          });
          faults.throwIfAny();
        },
      );
      if (packed === undefined) throw new Error("a number table was taken without a look at it");
      const { version, entries, difference } = stored;
      const runs = { version, entries, options, atMs, by, runs: true };
      const table = isTry ? lookUps(name, packed) : put(name, runs, packed).table;
      const examples = difference.examples.map(changeText);
      const { added, removed, changed: other } = difference;
      const sums = { entries, added, removed, changed: other, examples };
      return { view: { name, version: isTry ? undefined : version, ...sums }, table };
    }
  }

  function put(name: string, version: NumberTableVersion, packed: PackedTable): Loaded {
    const one = { version, packed, table: lookUps(name, packed) };
    loaded.set(name, one);
    return one;
  }

  function lookUps(name: string, packed: PackedTable): NumberTable {
    const ported = name === portedTable ? () => undefined : () => loaded.get(portedTable)?.packed;
    return numberTable({ name, table: packed, ported, nowMs: clock.nowMs });
  }

  function mustBeThere(name: string): Loaded {
    const one = loaded.get(name);
    if (one !== undefined) return one;
    throw new GatewayError("unknown_number_table", `There is no number table ${name}.`);
  }

  async function versionAt(name: string, version: number): Promise<NumberTableVersion> {
    const found = (await store.versions(name)).find((one) => one.version === version);
    if (found === undefined) throw unknownVersion(name, version);
    return found;
  }

  function mustBeName(name: string): void {
    if (!numberTableName.test(name))
      throw new GatewayError("bad_request", `"${name}" cannot be the name of a number table.`);
    if (!loaded.has(name) && loaded.size >= tablesMax)
      throw new GatewayError("bad_request", `There are ${tablesMax} number tables already.`);
  }

  function optionsOf(name: string): NumberTableOptions {
    return loaded.get(name)?.version.options ?? { qualityMin: 0, perProvider: false };
  }

  /** What stands in the file, with targets that are there; told how far it is. */
  async function* checked(
    name: string,
    { chunks, octets }: ImportFile,
    faults: FaultList,
    { tell, signal }: { tell: (step: ImportStep) => void; signal: AbortSignal },
  ): AsyncGenerator<readonly NumberTableEntry[]> {
    const others = [...loaded].filter(([other]) => other !== name);
    const taken = others.reduce((sum, [, { packed }]) => sum + packed.size, 0);
    const most = Math.min(entriesMax, entriesOfAllMax - taken);
    const known = new Map<string, string | undefined>();
    let done = 0;
    let entries = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        signal.throwIfAborted();
        done += chunk.length;
        tell({ step: "reading", done, total: octets });
        yield chunk;
      }
    }
    for await (const batch of entriesOfCsv(counted(), faults.add)) {
      entries += batch.length;
      if (entries > most) {
        const line = batch.at(-1)?.line ?? 0;
        faults.add({ line, text: `is beyond the ${most} lines for which there is room` });
        break;
      }
      for (const { provider, line } of batch) {
        if (provider === "") continue;
        if (!known.has(provider)) known.set(provider, targetFault(provider));
        const text = known.get(provider);
        if (text !== undefined) faults.add({ line, text: `provider ${provider}: ${text}` });
      }
      yield batch;
    }
    if (entries === 0 && faults.size === 0)
      faults.add({ line: 1, text: "no line follows the first one" });
  }

  /** In slices of a batch, between which everybody else has a turn. */
  async function packedFrom(
    name: string,
    of: { readonly entries: number; readonly options: NumberTableOptions },
    entries: AsyncIterable<readonly NumberTableEntry[]>,
    faults?: FaultList,
    tell?: (done: number) => void,
  ): Promise<PackedTable> {
    const fault =
      faults?.add ??
      (({ line, text }: TableFault) => log.warn({ table: name, line, text }, "line left out"));
    const networksElsewhere = name === portedTable;
    const size = of.entries;
    const builder = tableBuilder({ size, options: of.options, networksElsewhere, fault });
    let done = 0;
    for await (const batch of entries) {
      for (const entry of batch) builder.add(entry);
      done += batch.length;
      tell?.(done);
    }
    return builder.finish();
  }
}

/** What is told while a work goes on: the newest step, whenever somebody asks. */
function createSteps<Step>() {
  let newest: Step | undefined;
  let wake: () => void = () => undefined;
  return {
    tell(step: Step) {
      newest = step;
      wake();
    },
    async *until(work: Promise<unknown>): AsyncGenerator<Step, void, void> {
      let isOver = false;
      const over = work.then(
        () => (isOver = true),
        () => (isOver = true),
      );
      while (!isOver) {
        const told = new Promise<void>((resolve) => (wake = resolve));
        await Promise.race([told, over]);
        const step = newest;
        newest = undefined;
        if (step !== undefined && !isOver) yield step;
      }
    },
  };
}

function viewOf(name: string, { version, packed }: Loaded): NumberTableView {
  return { name, ...version, octets: octetsOf(packed) };
}

function byName(one: NumberTableView, other: NumberTableView): number {
  return one.name < other.name ? -1 : 1;
}

function unknownVersion(name: string, version: number | undefined): GatewayError {
  const what = version === undefined ? "no older version" : `no version ${version}`;
  return new GatewayError("unknown_number_table", `${what} of ${name} is kept.`);
}
