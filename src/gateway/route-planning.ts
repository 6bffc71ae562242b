import { buffer } from "node:stream/consumers";
import { GatewayError } from "../model/error.ts";
import type { NumberTableOptions } from "../model/number-table.ts";
import type { RoutePlanView } from "../model/route-plan-view.ts";
import type { NumberTable, RouteModule, Router } from "../route/question.ts";
import type { Store } from "../store/store.ts";
import type { Gateway } from "./gateway.ts";
import type { ImportFile, ImportStep, NumberTables } from "./number-tables.ts";
import { type PlannedMessage, type PlanStep, plannedFrom, planRoutes } from "./route-plan.ts";

/** Lives read at a time: some 20 ms for the database, between which it does its own work. */
const livesPerPage = 50;

/** Messages of one plan, the newest; at 1,000 a second that is the last minute and a half. */
export const plannedMax = 100_000;

/** Octets of a configuration. */
const textOctetsMax = 1_048_576;

/** The routers that are compared. Made by who knows how a router is made. */
export interface Routers {
  /** As it is. */
  running(): Router;
  /** As it would be with this text of the configuration. Rejects with `bad_configuration`. */
  withText(text: string): Router | Promise<Router>;
  /** As it is, but for this number table. */
  withTable(name: string, table: NumberTable): Router;
  /** Where messages of an account go that no rule takes. */
  senderDefault?(account: string): string | undefined;
}

export interface PlanWanted {
  /** Messages that came since then, the newest so many of them. */
  readonly sinceMs: number;
  readonly last: number;
  /** The file is this number table, else a configuration. */
  readonly table?: { readonly name: string; readonly options: Partial<NumberTableOptions> };
}

/** What a file would make of the messages of a time; nothing of it is kept. */
export type RoutePlanning = (
  file: ImportFile,
  wanted: PlanWanted,
) => AsyncGenerator<ImportStep | PlanStep, RoutePlanView, void>;

export function createRoutePlanning(parts: {
  readonly routers: Routers;
  readonly numberTables: Pick<NumberTables, "tried">;
  readonly store: Pick<Store, "messages">;
  readonly gateway: Pick<Gateway, "channels" | "codingsOn">;
}): RoutePlanning {
  const { routers, numberTables, store, gateway } = parts;
  return async function* plan(file, { sinceMs, last, table }) {
    const running = routers.running();
    const planned =
      table === undefined
        ? await routers.withText(await textOf(file))
        : routers.withTable(table.name, yield* numberTables.tried(file, table));
    return yield* planRoutes({ running, planned, pages: pages(sinceMs, last) });
  };

  async function* pages(sinceMs: number, last: number): AsyncGenerator<readonly PlannedMessage[]> {
    const types = new Map(gateway.channels().map(({ name, type }) => [name, type]));
    const known = {
      moduleOf: (channel: string) => moduleOf(types.get(channel) ?? ""),
      codingsOn: gateway.codingsOn,
      senderDefault: (account: string) => routers.senderDefault?.(account),
    };
    let left = last;
    let before: string | undefined;
    while (left > 0) {
      const limit = Math.min(left, livesPerPage);
      const lives = await store.messages.page({ account: undefined, sinceMs, before, limit });
      yield plannedFrom(lives, known);
      left -= limit;
      before = lives.at(-1)?.root;
      if (lives.length < limit || before === undefined) return;
    }
  }
}

function moduleOf(type: string): RouteModule | "" {
  if (type === "smpp-server") return "smppserver";
  if (type === "smpp-client") return "smppclient";
  return type.startsWith("http") ? "http" : "";
}

async function textOf({ chunks, octets }: ImportFile): Promise<string> {
  if (octets > textOctetsMax)
    throw new GatewayError("bad_request", `A configuration has at most ${textOctetsMax} octets.`);
  // Of a stream of octets it takes all.
  return (await buffer(chunks)).toString("utf8");
}
