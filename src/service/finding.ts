import { GatewayError } from "../model/error.ts";
import { decode } from "../sms/data-coding.ts";
import type { FoundRow, SearchedMessages } from "../store/found-messages.ts";
import type { EngineOptions } from "../trigger/engine.ts";
import type { ServiceParts } from "./services.ts";

/** Messages that one call gives at most, so that an answer stays below the largest of a host call. */
export const foundMax = 100;

/** `messages.find`: what scripts may know of messages that are kept. */
export function createFinding({
  settings,
  store,
  codingsOn,
}: Pick<ServiceParts, "store" | "codingsOn"> & {
  readonly settings: Pick<ServiceParts["settings"], "privacy">;
}): EngineOptions["calls"] {
  const { showText } = settings.privacy;
  return {
    "messages.find": async ([wish]) => (await store.foundMessages.find(wishFrom(wish))).map(viewOf),
  };

  /** As trigger/sdk-found.ts tells it to authors. */
  function viewOf({ message, status, error, atMs }: FoundRow) {
    const { id, root, channel, account, from, to, direction, sms } = message;
    const hasHeader = ((sms?.esmClass ?? 0) & 0x40) !== 0;
    const text =
      sms === undefined || !showText
        ? undefined
        : (sms.text ?? decode(sms.octets, sms.dataCoding, hasHeader, codingsOn(channel)));
    return { id, root, channel, account, direction, from, to, status, error, atMs, text };
  }
}

const TEXTS = ["id", "root", "peerId", "account", "from", "to", "channel"] as const;

/** The wish comes from a script, so nothing of it is believed. */
function wishFrom(wish: unknown): SearchedMessages {
  if (typeof wish !== "object" || wish === null) throw refused("it takes one object");
  const given = new Map(Object.entries(wish));
  const texts: { -readonly [K in (typeof TEXTS)[number]]?: string } = {};
  for (const key of TEXTS) {
    const value: unknown = given.get(key);
    given.delete(key);
    if (value === undefined || value === null) continue;
    if (typeof value !== "string" || value === "" || value.length > 256 || value.includes("\0"))
      throw refused(`${key} is a text of 1 to 256 characters`);
    texts[key] = value;
  }
  const sinceMs = numberIn(given, "sinceMs", 0, 8.64e15);
  const limit = numberIn(given, "limit", 1, foundMax) ?? foundMax;
  const [unknown] = given.keys();
  if (unknown !== undefined) throw refused(`it knows no ${unknown.slice(0, 64)}`);
  if ([texts.id, texts.root, texts.peerId, texts.account].every((one) => one === undefined))
    throw refused("it needs an id, a root, a peerId or an account");
  return { ...texts, ...(sinceMs === undefined ? {} : { sinceMs }), limit };
}

function numberIn(
  given: Map<string, unknown>,
  key: string,
  min: number,
  max: number,
): number | undefined {
  const value = given.get(key);
  given.delete(key);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max)
    throw refused(`${key} is a whole number from ${min} to ${max}`);
  return value;
}

function refused(what: string): GatewayError {
  return new GatewayError("bad_request", `messages.find: ${what}`);
}
