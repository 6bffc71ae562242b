import type { Gateway } from "../gateway/gateway.ts";
import { idFrom, idTimeMs } from "../model/id.ts";
import type { AccountView } from "../model/account-view.ts";
import type {
  ChannelView,
  DeadLetterView,
  LifeView,
  MessageView,
  SessionView,
  TriggerView,
} from "../model/view.ts";
import type { EntryRow } from "../store/lives.ts";
import type { Wanted } from "../store/messages.ts";
import type { Store } from "../store/store.ts";
import { type CodingsOn, viewOf } from "./entry.ts";
import { letterWithoutText, withoutText } from "./hide.ts";
import { entriesOf } from "./life.ts";

/** Lives that one look-up gives; a number that is used often has many. */
const livesMax = 20;

/** Dead letters in one answer; who has more has one cause for most of them. */
const deadLettersMax = 1_000;

/** What an operator may see: rows as people read them, with text instead of octets. */
export interface Views {
  /** False: no text of a message is in any answer (`privacy.showText`). */
  readonly showsText: boolean;
  channels(): ChannelView[];
  sessions(): SessionView[];
  triggers(): readonly TriggerView[];
  accounts(): Promise<AccountView[]>;
  /** Newest first; reports that came in stand among them at their time. */
  messages(wanted: Wanted): Promise<MessageView[]>;
  /** By our id; a report that came in by the provider's. */
  message(id: string): Promise<MessageView | undefined>;
  /** By any id or a number; newest first, at most 20. */
  lives(key: string): Promise<LifeView[]>;
  /** What was given up, newest first, at most 1,000. */
  deadLetters(): Promise<DeadLetterView[]>;
}

/** With `showText` false no text of a message is in any answer. */
export function createViews(gateway: Gateway, store: Store, showText: boolean): Views {
  const { codingsOn } = gateway;
  const shown = (view: MessageView): MessageView => (showText ? view : withoutText(view));
  return {
    showsText: showText,
    channels: () => gateway.channels(),
    sessions: () => gateway.sessions(),
    triggers: () => gateway.triggers(),
    accounts: () => store.accounts.list(),
    messages: async (wanted) =>
      pageOf(await store.messages.list(wanted), wanted, codingsOn).map(shown),
    async deadLetters() {
      const letters = await store.queue.deadLetters(deadLettersMax);
      return showText ? letters : letters.map(letterWithoutText);
    },
    async message(id) {
      const row = await store.messages.show(id);
      // A report that came in is no row: it is found in its life, by the provider's id.
      const entries =
        row === undefined
          ? (await lives(id)).flatMap((life) => life.entries)
          : entriesOf([row], codingsOn).map(shown);
      const entry = entries.find((one) => one.id === (row?.message.id ?? id));
      // The original's log is that of its whole life.
      const isOriginal = row !== undefined && row.message.id === row.message.root;
      return entry === undefined || !isOriginal ? entry : { ...entry, log: row.log };
    },
    lives,
  };

  async function lives(key: string): Promise<LifeView[]> {
    // An id names one life; the limit is for numbers.
    const found = await store.messages.life(key, idFrom(key) === undefined ? livesMax : 1);
    return found.map(({ entries, ...life }) => ({
      ...life,
      entries: entriesOf(entries, codingsOn).map(shown),
    }));
  }
}

/**
 * A page of a list: its rows, and the reports that came in meanwhile, which are in the traces of the
 * lives that the rows belong to. It ends with a row, so that the next page can begin behind that.
 */
function pageOf(rows: readonly EntryRow[], wanted: Wanted, codingsOn: CodingsOn): MessageView[] {
  const oldestMs = rows.length < wanted.limit ? 0 : (rows.at(-1)?.atMs ?? 0);
  const newestMs = wanted.before === undefined ? Infinity : idTimeMs(wanted.before);
  const entries = [...Map.groupBy(rows, (row) => row.message.root).values()].flatMap((some) =>
    entriesOf(some, codingsOn),
  );
  const views = new Map(entries.map((entry) => [entry.id, entry]));
  const page = rows.map((row) => views.get(row.message.id) ?? viewOf(row, codingsOn));
  const reports = entries.filter(
    (one) =>
      isReportIn(one) && isWanted(one, wanted) && one.atMs >= oldestMs && one.atMs <= newestMs,
  );
  for (const report of reports) {
    const older = page.findIndex((one) => isOlder(one, report));
    page.splice(older === -1 ? page.length : older, 0, report);
  }
  if (page.length < wanted.limit) return page;
  page.length = wanted.limit;
  if (page.some((one) => !isReportIn(one))) while (isReportIn(page.at(-1))) page.pop();
  return page;
}

function isReportIn(entry: MessageView | undefined): boolean {
  return entry?.kind === "report" && entry.direction === "in";
}

/** In one millisecond the report to the customer comes after the one that it was made of. */
function isOlder(one: MessageView, report: MessageView): boolean {
  return one.atMs < report.atMs || (one.atMs === report.atMs && one.kind !== "report");
}

/** It belongs to no account, a list by number is one of originals, and nothing is wrong with it. */
function isWanted(one: MessageView, wanted: Wanted): boolean {
  const { account, number, to, from, sinceMs = 0, channel, status, only } = wanted;
  return (
    only === undefined &&
    account === undefined &&
    (number ?? to ?? from) === undefined &&
    one.atMs >= sinceMs &&
    (channel === undefined || channel === one.channel) &&
    (status === undefined || status === one.status)
  );
}
