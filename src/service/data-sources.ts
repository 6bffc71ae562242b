import { performance } from "node:perf_hooks";
import { GatewayError } from "../model/error.ts";
import type { DataSourceTestView, DataSourceView } from "../model/data-source-view.ts";
import { type DataSource, openDataSource } from "../store/data-source.ts";
import type { EngineOptions } from "../trigger/engine.ts";
import { type DataSourceSettings, ownDatabase, sourceView } from "./data-sources-settings.ts";
import { keptIn } from "./kept-password.ts";
import { type Statement, statementFrom } from "./statement.ts";
import type { ServiceParts } from "./services.ts";

/** The databases that scripts may ask, and no others. */
export interface DataSources {
  readonly calls: EngineOptions["calls"];
  /** In the order of their names. */
  list(): readonly DataSourceView[];
  /** Rejects with `unknown_data_source`; what is wrong with one that is there is the answer. */
  test(name: string): Promise<DataSourceTestView>;
  close(): Promise<void>;
}

interface Source {
  readonly settings: DataSourceSettings;
  readonly source: DataSource;
  lastError: DataSourceView["lastError"];
}

/** A source that is down is told once in so long, not at each statement that wants it. */
const toldEveryMs = 10_000;

export interface DataSourceParts extends Pick<ServiceParts, "store" | "clock" | "log" | "note"> {
  readonly settings: Pick<ServiceParts["settings"], "dataSources">;
}

/** Connects to none of them; `own` alone makes its schema now. */
export async function openDataSources(parts: DataSourceParts): Promise<DataSources> {
  const { settings, store, clock, log, note } = parts;
  const sources = new Map<string, Source>();
  for (const [name, one] of Object.entries(settings.dataSources)) {
    const { url, ...limits } = one;
    const address = url === ownDatabase ? await store.scriptsAddress() : { connectionString: url };
    const source = openDataSource({ name, address, ...limits, log });
    sources.set(name, { settings: one, source, lastError: undefined });
  }

  async function ask({ source: name, text, values }: Statement) {
    const one = known(name);
    const before = one.lastError?.atMs ?? 0;
    try {
      return await one.source.query(text, values);
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      const nowMs = clock.nowMs();
      one.lastError = { atMs: nowMs, text: cause.message };
      if (cause.code === "data_source_down" && nowMs - before > toldEveryMs)
        log.warn({ source: name, why: cause.message }, "a data source does not answer");
      throw cause;
    }
  }

  function known(name: string): Source {
    const one = sources.get(name);
    if (one !== undefined) return one;
    const names = [...sources.keys()].join(", ");
    throw new GatewayError(
      "unknown_data_source",
      `there is no data source ${JSON.stringify(name.slice(0, 64))}; dataSources of the configuration ${names === "" ? "names none" : `names ${names}`}`,
    );
  }

  return {
    calls: {
      "db.query": (args) => ask(statementFrom(args)),
      /** The hash that the statement finds is compared here: it never comes into a script. */
      "accounts.verifyWith": async ([scheme, ...args], request) => {
        if (request.kind !== "bind") return { ok: false, reason: "bind_refused" };
        const { event } = request;
        const statement = statementFrom(args);
        const fromMs = performance.now();
        const facts = { call: "accounts.verify", source: statement.source };
        try {
          const [row] = await ask(statement);
          const kept = keptIn(row, scheme);
          const found = await store.accounts.verifyKept(event.systemId, event.password, kept);
          note(event, { ...facts, result: found.ok ? "matched" : found.reason });
          return found;
        } catch (cause) {
          if (!(cause instanceof GatewayError)) throw cause;
          const ms = Math.round(performance.now() - fromMs);
          note(event, { ...facts, result: cause.code, reason: cause.message, ms });
          // Not the customer's fault, and over when the source is back: he is told to come again.
          if (cause.code === "data_source_down") return { ok: false, reason: cause.code };
          throw cause;
        }
      },
    },
    list: () =>
      [...sources]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, { settings: one, source, lastError }]) => {
          const { calls, errors, tookMs } = source.facts();
          return {
            ...sourceView(name, one),
            calls,
            errors,
            meanMs: calls === 0 ? undefined : tookMs / calls,
            lastError,
          };
        }),
    test: (name) => known(name).source.test(),
    async close() {
      await Promise.all([...sources.values()].map(({ source }) => source.close()));
    },
  };
}
