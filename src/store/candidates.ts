import { firstIdAt, idTimeMs } from "../model/id.ts";
import type { Sent } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import { arrayText, quoted } from "./array-text.ts";
import type { LookUps } from "./look-ups.ts";
import { messageFrom } from "./message-row.ts";
import type { AttemptTable, MessageTable } from "./tables.ts";

/**
 * Messages of one key that are looked at, and how many of them are given: where a provider with few
 * ids uses each again and again, the newest may all have their reports while one before still waits.
 */
const sameKeyMax = 64;
const candidatesMax = 8;

/** Tries that are read in one go for each key asked for; where there are more, each key has its own. */
const triesPerKey = 4;

const dayMs = 86_400_000;

/** A clock that went back may have left ids of later than now. */
const aheadMs = 3_600_000;

/** What a report may be about. */
export interface Candidate {
  /** Without their traces. */
  readonly sent: Sent;
  /** As the provider gave it in its answer. */
  readonly providerId: string;
  /** Of the try that the provider took: beyond SENT and NOREPORT there was a report already. */
  readonly status: Status;
}

/** The ids that a report may mean, and the channels of the provider that sent it: ids are its own. */
export interface Wanted {
  readonly channels: readonly string[];
  readonly ids: readonly string[];
}

/**
 * In the order of what is wanted: messages with one of the ids but for case and leading zeros, those
 * without a report first, then the newest. A few look-ups for a batch, whatever its size: the tries by
 * their ids, then the messages that these were of, with their originals.
 *
 * With `backMs` the days are looked through one after another, the newest first, and an id is done with
 * the first day that has an open try of it: nearly all reports are about today's messages. Whoever doubts
 * what was found asks again, without it.
 */
export async function candidatesFor(
  lookUps: LookUps,
  wanted: readonly Wanted[],
  { nowMs, backMs }: { readonly nowMs: number; readonly backMs: number | undefined },
): Promise<(readonly Candidate[])[]> {
  const keys = new Set(wanted.flatMap(({ ids }) => ids.filter((id) => id !== "").map(keyOf)));
  if (keys.size === 0) return wanted.map(() => []);
  const wantedBy = Map.groupBy(
    wanted.flatMap(({ channels, ids }) => ids.map((id) => ({ key: keyOf(id), channels }))),
    ({ key }) => key,
  );
  const isDone = (one: Try): boolean =>
    isOpen(one) &&
    (wantedBy.get(keyOf(one.provider_id)) ?? []).every(({ channels }) =>
      channels.includes(one.channel),
    );
  const all: Try[] = [];
  for (const bounds of spansOf(nowMs, backMs)) {
    const found = await triesOf(lookUps, keys, bounds);
    all.push(...found);
    for (const one of found) if (isDone(one)) keys.delete(keyOf(one.provider_id));
    if (keys.size === 0) break;
  }
  const byKey = Map.groupBy(all, (one) => keyOf(one.provider_id));
  const tries = wanted.map(({ channels, ids }) => {
    const found = [...new Set(ids.map(keyOf))].flatMap((key) => byKey.get(key) ?? []);
    return found
      .filter(({ channel }) => channels.includes(channel))
      .sort(openThenNewest)
      .slice(0, candidatesMax);
  });
  const sents = await sentsOf(lookUps, tries.flat());
  return tries.map((some) =>
    some.flatMap((one) => {
      const sent = sents(one);
      return sent === undefined ? [] : [{ sent, providerId: one.provider_id, status: one.status }];
    }),
  );
}

type Try = Pick<
  AttemptTable,
  "id" | "root" | "channel" | "status" | "part" | "parts" | "reference"
> & { readonly provider_id: string };

const columns = "id, root, channel, provider_id, status, part, parts, reference";

/** The index's own expression; `keyOf` is the same in our words. */
const key = `ltrim(lower(provider_id collate "C"), '0')`;

/**
 * In the order of the index, since sorting is forbidden to these connections: without it the bounds
 * alone look cheaper to PostgreSQL, and it reads all ids of four days.
 */
async function triesOf(
  lookUps: LookUps,
  keys: ReadonlySet<string>,
  bounds: readonly string[],
): Promise<Try[]> {
  const texts = arrayText([...keys].map(quoted));
  const limit = keys.size * triesPerKey + sameKeyMax;
  const rows = await lookUps.rows<Try>(
    "tries_of_keys",
    `select ${columns} from attempt
      where provider_id is not null and ${key} = any ($1::text[])
        and id >= $2::uuid and id < $3::uuid
      order by ${key}, id limit $4`,
    [texts, ...bounds, limit],
  );
  if (rows.length < limit) return rows;
  // One id has been used by many, so that of each key only the newest may be read.
  return lookUps.rows<Try>(
    "newest_tries_of_keys",
    `select a.* from unnest($1::text[]) as w (key) cross join lateral (
      select ${columns} from attempt
      where provider_id is not null and ${key} = w.key and id >= $2::uuid and id < $3::uuid
      order by id desc limit $4 offset 0) a`,
    [texts, ...bounds, sameKeyMax],
  );
}

/**
 * Without their traces, which are most of their size, and without what is known: the try has told the root, what
 * was handed to a provider is a short message, and what goes out has a parent. Each column is a fiftieth.
 */
type MessageRow = Omit<MessageTable, "at" | "log" | "root" | "parent" | "direction" | "kind"> & {
  /** The parent where that is not the root, which is seldom. */
  readonly between: string | null;
};

/** The messages of these tries with their originals, each with the content of its parent. */
async function sentsOf(
  lookUps: LookUps,
  tries: readonly Try[],
): Promise<(one: Try) => Sent | undefined> {
  const rows = new Map<string, MessageRow>();
  const read = async (ids: ReadonlySet<string>): Promise<void> => {
    if (ids.size === 0) return;
    // Day by day: PostgreSQL chooses partitions by bounds, and would look for all of them in each.
    for (const some of Map.groupBy(ids, (id) => dayOf(idTimeMs(id))).values()) {
      const sorted = some.toSorted();
      const found = await lookUps.rows<MessageRow>(
        "messages_of_ids",
        `select id, nullif(parent, root) as between, channel, account, from_address, to_address,
          body, data_coding, meta, hops
        from message where id = any ($1::uuid[]) and id between $2::uuid and $3::uuid`,
        [arrayText(sorted), sorted[0], sorted.at(-1)],
      );
      for (const row of found) rows.set(row.id, row);
    }
  };
  await read(new Set(tries.flatMap(({ id, root }) => [id, root])));
  // Nearly always the parent is the original, and known already.
  const parents = [...rows.values()].flatMap(({ between }) => between ?? []);
  await read(new Set(parents.filter((id) => !rows.has(id))));

  const messageOf = (id: string, root: string): Sent["message"] | undefined => {
    const row = rows.get(id);
    if (row === undefined) return undefined;
    const parentId = row.between ?? (id === root ? null : root);
    const parent = parentId === null ? undefined : rows.get(parentId);
    return messageFrom({
      ...row,
      root,
      parent: parentId,
      direction: parentId === null ? "in" : "out",
      kind: "sms",
      log: "[]",
      parent_body: parent?.body ?? null,
      parent_data_coding: parent?.data_coding ?? null,
      parent_meta: parent?.meta ?? null,
      parent_from: parent?.from_address ?? null,
      parent_to: parent?.to_address ?? null,
    });
  };
  return ({ id, root, part, parts, reference }) => {
    const [message, original] = [messageOf(id, root), messageOf(root, root)];
    if (message === undefined || original === undefined) return undefined;
    if (part === null || parts === null || reference === null) return { message, original };
    return { message, original, part: { number: part, total: parts, reference } };
  };
}

/** Ids from and to, newest first; cut where partitions are, at midnight UTC. */
function spansOf(nowMs: number, backMs: number | undefined): [string, string][] {
  const endMs = nowMs + aheadMs;
  if (backMs === undefined) return [[firstIdAt(0), firstIdAt(endMs)]];
  const spans: [string, string][] = [];
  const startMs = nowMs - backMs;
  let toMs = endMs;
  for (let fromMs = dayOf(nowMs); ; fromMs -= dayMs) {
    spans.push([firstIdAt(Math.max(fromMs, startMs)), firstIdAt(toMs)]);
    if (fromMs <= startMs) return spans;
    toMs = fromMs;
  }
}

function dayOf(ms: number): number {
  return Math.floor(ms / dayMs) * dayMs;
}

/** As the index has it: ASCII letters low, and no zeros in front. */
function keyOf(providerId: string): string {
  const low = providerId.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
  // What PostgreSQL cannot store it has never stored.
  return low.replace(/^0+/, "").replaceAll("\0", "\u{FFFD}");
}

function openThenNewest(one: Try, other: Try): number {
  if (isOpen(one) !== isOpen(other)) return isOpen(one) ? -1 : 1;
  return one.id < other.id ? 1 : -1;
}

function isOpen({ status }: Try): boolean {
  return status === "SENT" || status === "NOREPORT";
}
