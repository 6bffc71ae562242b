import type { ReportEvent } from "../model/event.ts";
import type { Sent } from "../model/message.ts";
import { canonicalProviderId } from "../model/provider-id.ts";
import type { Candidate } from "../store/candidates.ts";
import type { ReportsTable } from "../store/reports.ts";
import { type Choice, chosenOf, fits } from "./chosen.ts";
import { type Concluding, concludingKey } from "./concluding.ts";
import type { IdBases } from "./id-base.ts";
import type { OnItsWay } from "./on-its-way.ts";
import type { SentMemory } from "./sent-memory.ts";

/**
 * Reports that are looked up in the database in one query: some 30 ms of it. The more there are, the more of
 * them share a page of the index; an eighth of it costs each of them a third more.
 */
export const lookUpsMax = 2_048;

/**
 * How far back a report's message is looked for first: longer than nearly any network reports, and
 * few enough days to look through. A miss is looked for once more in all that is kept.
 */
export const matchBackMs = 4 * 86_400_000;

/** So many reports that name none of our numbers, and none that does: this provider never names them. */
const misfitsMax = 20;

export interface Match {
  readonly sent: Sent;
  /** A final report for it has been taken already. */
  readonly repeated: boolean;
  /** It was NOREPORT until now: the one correction that is allowed. */
  readonly late: boolean;
  /** The report was not applied after all: the next one for this message is no repetition. */
  release(): void;
  /** A final report for it is committed. */
  settled(): void;
}

/** Finds the message that a report is about: memory first, the database on a miss, in batches. */
export interface ReportMatcher {
  /**
   * undefined: no message is known, or it is better to wait, because one to the report's number is
   * still to be answered by the provider. `last`: it is not tried again, so nothing is waited for.
   */
  match(event: ReportEvent, turn: Turn): Promise<Match | undefined>;
}

/** Which try of a report it is. After the last one it is given up. */
export type Turn = "first" | "again" | "last";

export interface MatcherParts {
  readonly memory: SentMemory;
  readonly table: Pick<ReportsTable, "find">;
  readonly onItsWay: Pick<OnItsWay, "has">;
  readonly concluding: Concluding;
  readonly bases: IdBases;
  /** The provider group of a channel. */
  readonly groupOf: (channel: string) => string;
  /** The channels of a provider group: one's reports may come on another. */
  readonly channelsOf: (group: string) => readonly string[];
}

export function createMatcher(parts: MatcherParts): ReportMatcher {
  const { memory, table, onItsWay, concluding, bases, groupOf, channelsOf } = parts;
  interface Waiting {
    readonly event: ReportEvent;
    readonly turn: Turn;
    resolve(match: Match | undefined | Promise<Match | undefined>): void;
    reject(cause: unknown): void;
  }
  let waiting: Waiting[] = [];
  let looking = false;
  // Providers whose reports name the numbers of their messages; others' numbers mean nothing. While
  // that is open they are counted that do not.
  const namesNumbers = new Set<string>();
  const misfits = new Map<string, number>();

  return { match };

  async function match(event: ReportEvent, turn: Turn): Promise<Match | undefined> {
    if (event.report.messageId === "") return undefined;
    const known = fromMemory(event);
    if (known !== undefined) return decided(event, known, turn);
    return new Promise((resolve, reject) => {
      waiting.push({ event, turn, resolve, reject });
      void look();
    });
  }

  /** Only what leaves no doubt; whatever else there is with that id is in the database. */
  function fromMemory(event: ReportEvent): Choice | undefined {
    const group = groupOf(event.channel);
    const { messageId } = event.report;
    const base = bases.known(group)?.base ?? "same";
    // Nearly always the first form is the right one, so the others are made only on a miss.
    if (base === "same") {
      const choice = remembered(event, group, canonicalProviderId(messageId), base);
      if (choice !== undefined) return choice;
    }
    for (const form of bases.formsOf(group, messageId)) {
      const choice = remembered(event, group, form.key, form.base);
      if (choice !== undefined) return choice;
    }
    return undefined;
  }

  function remembered(
    event: ReportEvent,
    group: string,
    key: string,
    base: Choice["base"],
  ): Choice | undefined {
    const known = memory.find(group, key);
    if (known === undefined) return undefined;
    const { providerId, sent } = known;
    const numbers = numbersOf(event);
    const isFitting = fits(known, numbers);
    if (!isFitting && mayTell(group, numbers)) return undefined;
    const candidate: Candidate = { sent, providerId, status: "SENT" };
    return { candidate, base, fits: isFitting, open: true };
  }

  /** What came while the last query was under way goes together in the next one. */
  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, lookUpsMax);
      waiting = waiting.slice(lookUpsMax);
      const reading = concluding.reading();
      // What is answered while the query runs may not be among what it finds.
      const early = batch.map(({ event }) => isOnItsWay(event));
      try {
        const choices = await choicesFor(batch);
        for (const [at, { event, turn, resolve }] of batch.entries()) {
          const choice = choices[at];
          resolve(choice === undefined ? undefined : decided(event, choice, turn, early[at]));
        }
      } catch (cause) {
        for (const { reject } of batch) reject(cause);
      } finally {
        reading.end();
      }
    }
    looking = false;
  }

  /** The likeliest form among the last days, and for the few that leave a doubt everything. */
  async function choicesFor(batch: readonly Waiting[]): Promise<(Choice | undefined)[]> {
    const asked = batch.map(({ event, turn }) => {
      const group = groupOf(event.channel);
      const { messageId } = event.report;
      const forms = bases.formsOf(group, messageId);
      const first = bases.known(group) === undefined ? forms : forms.slice(0, 1);
      const named = { messageId, numbers: numbersOf(event) };
      return { turn, group, channels: channelsOf(group), named, forms, first };
    });
    const recent = await table.find(
      asked.map(({ channels, named, first }) => ({ channels, ids: idsOf(named.messageId, first) })),
      matchBackMs,
    );
    const choices = asked.map(({ named, first }, at) => chosenOf(recent[at] ?? [], named, first));
    const doubted = asked.flatMap((one, at) =>
      choices[at]?.fits === true ? [] : [{ ...one, at }],
    );
    const again = doubted.filter(({ group, named, at }) => {
      return choices[at] === undefined || mayTell(group, named.numbers);
    });
    if (again.length === 0) return choices;
    const all = again.map((one) => {
      // One report is one witness, however often it is tried.
      const guesses = one.turn === "first" ? bases.guessesOf(one.group, one.named.messageId) : [];
      return { ...one, guesses, ids: idsOf(one.named.messageId, [...one.forms, ...guesses]) };
    });
    const found = await table.find(all);
    for (const [n, { at, group, named, forms, guesses }] of all.entries()) {
      const candidates = found[n] ?? [];
      choices[at] = chosenOf(candidates, named, forms);
      if (choices[at] !== undefined || guesses.length === 0) continue;
      const guess = chosenOf(candidates, named, guesses);
      // Never matched by a guess; but several that hit the right number tell how ids are written.
      if (guess?.fits === true && guess.open && !onItsWay.has(group, named.numbers))
        bases.saw(group, named.messageId, guess.base);
    }
    return choices;
  }

  /** May another message be the one whose number the report names? */
  function mayTell(group: string, numbers: readonly string[]): boolean {
    if (numbers.length === 0) return false;
    return namesNumbers.has(group) || (misfits.get(group) ?? 0) < misfitsMax;
  }

  function isOnItsWay(event: ReportEvent): boolean {
    return onItsWay.has(groupOf(event.channel), numbersOf(event));
  }

  function decided(
    event: ReportEvent,
    choice: Choice,
    turn: Turn,
    early = false,
  ): Match | undefined | Promise<Match | undefined> {
    const { candidate, base, fits: isFitting, open } = choice;
    const { sent, status } = candidate;
    const { report } = event;
    const group = groupOf(event.channel);
    const numbers = numbersOf(event);
    if (isFitting) namesNumbers.add(group);
    else if (numbers.length > 0) misfits.set(group, (misfits.get(group) ?? 0) + 1);
    // An id comes again after a wrap: the message that this report is about is not stored yet.
    const isDoubtful = !open || (!isFitting && namesNumbers.has(group));
    if (isDoubtful && turn !== "last" && (early || isOnItsWay(event))) return undefined;
    // It has its report, and this one is about another phone: its message is not known.
    if (!open && !isFitting && numbers.length > 0 && namesNumbers.has(group)) return undefined;
    bases.saw(group, report.messageId, base);
    const late = status === "NOREPORT";
    const nothing = (): void => undefined;
    const key = concludingKey(sent);
    const isFinal = report.status !== "SENT";
    // That the network knows nothing is no correction of our own not knowing.
    const repeats = !open || (late && report.status === "NOREPORT");
    if (repeats) return { sent, repeated: true, late: false, release: nothing, settled: nothing };
    // Another one is about to conclude it. It may still come to nothing, when its session ended or a trigger
    // refused it, and then this one is the only one that is left; else what came of it is found now.
    if (isFinal && !concluding.begin(key))
      return concluding.over(key).then(() => match(event, turn));
    if (!isFinal) return { sent, repeated: false, late, release: nothing, settled: nothing };
    return {
      sent,
      repeated: false,
      late,
      release: () => concluding.release(key),
      settled: () => {
        concluding.settled(key);
        memory.settled(group, candidate.providerId, sent.message.id);
      },
    };
  }
}

/**
 * The id itself instead of its first form: the database and JavaScript must not have to agree on what
 * lower case is.
 */
function idsOf(messageId: string, forms: readonly { base: string; key: string }[]): string[] {
  return forms.map(({ base, key }) => (base === "same" ? messageId : key));
}

function numbersOf({ from, to }: ReportEvent): string[] {
  return [from, to].filter((number) => number !== "");
}
