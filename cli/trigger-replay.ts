import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { readEventFile, type RecordedEvent } from "../src/trigger/event-file.ts";
import { replay, replayClock, type Replayed } from "../src/trigger/replay.ts";
import { wholeNumber } from "./argument.ts";
import { candidateFolder } from "./candidate.ts";
import { exitCodes, Refused, WrongArguments } from "./failure.ts";
import { answer, count, dateTime, paint, shortened, table } from "./print.ts";
import { createProgress } from "./progress.ts";
import { recordedEvents } from "./recorded-events.ts";
import type { GlobalOptions } from "./settings.ts";
import { momentMs } from "./moment.ts";
import { triggerFolder } from "./trigger-folder.ts";

/** Messages that are looked at when nothing else is asked for. */
const lastDefault = 1_000;
const lastMax = 100_000;

/** Decisions that are listed one by one; of more there are the counts. */
const listedMax = 50;

/** Characters of a decision in the table; `--json` has the whole. */
const decisionCharactersMax = 60;

interface ReplayOptions {
  readonly last?: number;
  readonly message?: string;
  readonly since?: number;
  readonly account?: string;
  readonly candidate?: string;
  readonly replaces?: string;
  readonly folder?: string;
  readonly file?: string;
  readonly expectSame?: true;
}

/** One event that would be decided in another way, or of which that cannot be told. */
interface Difference {
  readonly id: string;
  readonly kind: RecordedEvent["request"]["kind"];
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Only where it cannot be told. */
  readonly why: string | undefined;
}

interface ReplayView {
  /** What was decided by. */
  readonly candidate: string;
  readonly events: number;
  readonly same: number;
  readonly changed: readonly Difference[];
  readonly unsure: readonly Difference[];
  /** How often each change occurs, the most frequent first. */
  readonly kinds: readonly { readonly before: string; readonly after: string; times: number }[];
  readonly tookMs: number;
}

/** `signalbox trigger replay` */
export function addTriggerReplay(trigger: Command): void {
  trigger
    .command("replay")
    .description("decide recorded events again by other files and show what would change")
    .option("--last <messages>", "what came of the last so many", wholeNumber(1, lastMax))
    .option("--message <id>", "what came of this one")
    .option(
      "--since <time>",
      "what came of those since then: 2h, 1d, or 2026-11-21T08:00",
      momentMs,
    )
    .option("--account <id>", "only of this customer's messages")
    .option("--file <file>", "events of `trace export` instead of the gateway's")
    .option("--candidate <path>", "a file for the one of its name, or a folder for all of them")
    .option("--replaces <file>", "the file that the candidate stands for, if its name is another")
    .option("--folder <directory>", "of the triggers; else that of the configuration")
    .option("--expect-same", "exit code 1 when a decision changes or cannot be told")
    .action(async (own: ReplayOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const view = await replayed(options, own);
      answer(options, view, told, nextOf(view));
      const differ = view.changed.length + view.unsure.length > 0;
      if (own.expectSame === true && differ) process.exitCode = exitCodes.refused;
    });
}

async function replayed(options: GlobalOptions, own: ReplayOptions): Promise<ReplayView> {
  const { file, message, since, account } = own;
  if (file !== undefined && (message ?? since ?? account ?? own.last) !== undefined)
    throw new WrongArguments("--file has its own events: no --last, --message, --since, --account");
  if (own.replaces !== undefined && own.candidate === undefined)
    throw new WrongArguments("--replaces needs a --candidate");
  const fromFile = file === undefined ? undefined : await eventsIn(file);
  const { directory } = await triggerFolder(options, own);
  await using candidate = await candidateFolder(directory, own);
  // Read here only: the other commands of this noun need no bundler.
  const { openRehearsal } = await import("../src/trigger/rehearsal.ts");
  const clock = replayClock();
  clock.set(Date.now());
  await using rehearsal = await openRehearsal({ directory: candidate.directory, clock });
  const faults = rehearsal.faults();
  if (faults.length > 0)
    throw new Refused(
      faults.map(({ fault, file: broken }) => `${broken}: ${fault}`).join("; "),
      "Nothing was replayed; mend it and look with `signalbox trigger check`.",
    );
  const last = own.last ?? (since === undefined ? lastDefault : undefined);
  const wanted = message === undefined ? { last, sinceMs: since, account } : { message };
  const view = collector(candidate.what);
  const progress = createProgress(options, { label: "Replaying", unit: "events" });
  try {
    const events = fromFile ?? recordedEvents(options, wanted);
    await replay(events, { rehearsal, clock }, (one) => {
      view.add(one);
      progress.at(view.events(), fromFile?.length);
    });
  } finally {
    progress.end();
  }
  return view.end();
}

async function eventsIn(file: string): Promise<RecordedEvent[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const why = isMissing ? "is not there" : "cannot be read";
    throw new WrongArguments(`${file} ${why}`, { cause });
  }
  return readEventFile(text, file);
}

function collector(candidate: string): {
  add(one: Replayed): void;
  events(): number;
  end(): ReplayView;
} {
  const beganMs = performance.now();
  const changed: Difference[] = [];
  const unsure: Difference[] = [];
  const kinds = new Map<string, ReplayView["kinds"][number]>();
  let same = 0;
  return {
    add({ event, verdict, before, after, why }) {
      if (verdict === "same") same += 1;
      else {
        const difference = { ...placeOf(event), before, after, why };
        (verdict === "changed" ? changed : unsure).push(difference);
      }
      if (verdict !== "changed") return;
      const [was, is] = [kindOf(before), kindOf(after)];
      const kind = kinds.get(`${was}\n${is}`) ?? { before: was, after: is, times: 0 };
      kind.times += 1;
      kinds.set(`${was}\n${is}`, kind);
    },
    events: () => same + changed.length + unsure.length,
    end: () => ({
      candidate,
      events: same + changed.length + unsure.length,
      same,
      changed: changed.toSorted(newestFirst),
      unsure: unsure.toSorted(newestFirst),
      kinds: [...kinds.values()].sort((a, b) => b.times - a.times),
      tookMs: Math.round(performance.now() - beganMs),
    }),
  };
}

function newestFirst(a: Difference, b: Difference): number {
  return b.atMs - a.atMs;
}

function placeOf({ request, atMs }: RecordedEvent): Omit<Difference, "before" | "after" | "why"> {
  const { kind } = request;
  switch (request.kind) {
    case "message": {
      const { id, from, to } = request.event.message;
      return { id, kind, atMs, from, to };
    }
    case "report": {
      const { event, sent } = request;
      return { id: sent?.message.id ?? event.id, kind, atMs, from: event.from, to: event.to };
    }
    case "status": {
      const { id, from, to } = request.event.sent.message;
      return { id, kind, atMs, from, to };
    }
    case "bind": {
      const { id, systemId, remote } = request.event;
      return { id, kind, atMs, from: systemId, to: remote };
    }
    case "channel":
    case "session":
    case "account":
    case "schedule":
      return { id: request.event.id, kind, atMs, from: "", to: "" };
  }
}

/** Without what differs from one message to the next: `forwarded to SMPP1`. */
function kindOf(words: readonly string[]): string {
  const kinds = words.map((word) => word.replace(/^(forwarded to \S+) .*$/s, "$1"));
  return kinds.length === 0 ? "nothing" : [...new Set(kinds)].join("; ");
}

function told(view: ReplayView): string {
  const { events, same, changed, unsure, kinds } = view;
  if (events === 0) return "No events.";
  const sums = [`${same} the same`, `${changed.length} changed`, `${unsure.length} cannot be told`];
  const lines = [`${count(events, "event")} by ${view.candidate}: ${sums.join(", ")}.`];
  if (changed.length > 0)
    lines.push(
      "",
      table(
        ["id", "event", "at", "from", "to", "decided then", "decided now"],
        changed
          .slice(0, listedMax)
          .map((one) => [
            one.id,
            one.kind,
            dateTime(one.atMs),
            one.from,
            one.to,
            decision(one.before),
            paint("yellow", decision(one.after)),
          ]),
      ),
    );
  if (changed.length > listedMax)
    lines.push(`… and ${changed.length - listedMax} more; --json has all of them.`);
  if (kinds.length > 0 && changed.length > 1)
    lines.push(
      "",
      table(
        ["times", "decided then", "decided now"],
        kinds.slice(0, listedMax).map(({ times, before, after }) => [times, before, after]),
      ),
    );
  if (unsure.length > 0) {
    const why = Map.groupBy(unsure, (one) => one.why ?? "");
    const rows = [...why].sort(([, a], [, b]) => b.length - a.length).slice(0, listedMax);
    lines.push(
      "",
      table(
        ["times", "cannot be told because", "for example"],
        rows.map(([reason, all]) => [all.length, reason, all[0]?.id ?? ""]),
      ),
    );
  }
  return lines.join("\n");
}

function decision(words: readonly string[]): string {
  return words.length === 0 ? "nothing" : shortened(words.join("; "), decisionCharactersMax);
}

function nextOf({ changed, events }: ReplayView): string {
  if (events === 0) return "Longer ago: --since 7d. What is recorded: signalbox message list";
  return changed.length === 0
    ? "Nothing would change: save it into the folder of the triggers, and it is loaded at once."
    : `One of them: signalbox trace ${changed[0]?.id ?? ""}`;
}
