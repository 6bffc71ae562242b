import type { TriggerCanary } from "../model/trigger-version.ts";
import type { EngineRequest } from "./request.ts";
import { type LiveTrigger, type Routes, routesOf, type Script } from "./routes.ts";

/** What runs of one file: for most, and for those who get a newer version first. */
export interface Running {
  readonly file: string;
  readonly script: Script | undefined;
  readonly candidate: Script | undefined;
  readonly canary: TriggerCanary | undefined;
}

/** Which triggers are asked about an event. Replaced as a whole at each change. */
export interface Tables {
  /** What runs where nobody gets a newer version first. */
  readonly most: Routes;
  /** Undefined while there is no canary: then `most` is for every event. */
  readonly routesFor: ((request: EngineRequest) => Routes) | undefined;
}

/**
 * Files that may have a canary at a time. Each further one doubles the tables, which are made when the
 * first event needs them.
 */
export const canariesMax = 6;

/** @param isOff whether an operator has switched off a trigger of this name. */
export function tablesOf(files: readonly Running[], isOff: (name: string) => boolean): Tables {
  const splits = files.filter(({ candidate }) => candidate !== undefined);
  const tables = new Map<number, Routes>();
  const most = tableFor(0);
  return { most, routesFor: splits.length === 0 ? undefined : routesFor };

  function routesFor(request: EngineRequest): Routes {
    const subject = subjectOf(request);
    if (subject === undefined) return most;
    let bits = 0;
    for (const [at, { file, canary }] of splits.entries())
      if (canary !== undefined && isChosen(canary, file, subject)) bits |= 1 << at;
    return tables.get(bits) ?? tableFor(bits);
  }

  /** The table of those who get the newer version of the files with a bit. */
  function tableFor(bits: number): Routes {
    const newer = new Set(splits.filter((_, at) => (bits & (1 << at)) !== 0));
    const triggers = files.flatMap((one): readonly LiveTrigger[] => {
      const script = newer.has(one) ? one.candidate : one.script;
      return script?.triggers.filter(({ name }) => !isOff(name)) ?? [];
    });
    const routes = routesOf(triggers);
    tables.set(bits, routes);
    return routes;
  }
}

/** Whom an event is about, as far as a canary chooses by it. */
export interface Subject {
  readonly account: string | undefined;
  /** Where no account is known. */
  readonly sender: string;
}

/**
 * The customer whose message it is about, so that he has the same version from the bind to the last
 * status; undefined for what is about none, which goes to what runs for most.
 */
export function subjectOf(request: EngineRequest): Subject | undefined {
  switch (request.kind) {
    case "bind":
      return { account: request.event.systemId, sender: "" };
    case "message":
      return { account: request.event.message.account, sender: request.event.message.from };
    case "report": {
      const { sent, event } = request;
      return { account: sent?.original.account, sender: sent?.original.from ?? event.to };
    }
    case "status": {
      const { original } = request.event.sent;
      return { account: original.account, sender: original.from };
    }
    case "session":
    case "account":
      return { account: request.event.account, sender: "" };
    case "channel":
    case "schedule":
      return undefined;
  }
}

/** The same customer is always chosen or never, and by another file's canary others are. */
export function isChosen(
  { share, accounts }: TriggerCanary,
  file: string,
  { account, sender }: Subject,
): boolean {
  if (accounts !== undefined) return account !== undefined && accounts.includes(account);
  return (share ?? 0) > percentOf(`${file}\n${account ?? sender}`);
}

/** From 0 to below 100, evenly spread: FNV-1a, with MurmurHash3's last steps to mix short texts. */
function percentOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 100;
}

/** For whom a canary is, in words. */
export function chosenBy({ share, accounts }: Pick<TriggerCanary, "share" | "accounts">): string {
  return accounts === undefined ? `${share ?? 0} %` : accounts.join(", ");
}
