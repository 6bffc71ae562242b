import { idTimeMs } from "../model/id.ts";
import type {
  ChannelView,
  QueueView,
  SessionView,
  StatusView,
  TriggerView,
} from "../model/view.ts";
import { version } from "../model/version.ts";
import type { StoreLook } from "../store/look.ts";
import type { StoreFacts } from "../store/store.ts";
import { certificateSentences } from "./certificates.ts";
import type { AdminParts, Routes } from "./routes.ts";

/** ms. What is due for longer than that, while it could go out, needs a look. */
const overdueMs = 5 * 60_000;

/** ms. Writes that wait longer are not being written; a flush takes a few. */
const stalledMostMs = 2_000;

/** What an operator looks at first. Answers within a second, also when the database hangs. */
export const statusRoutes: Routes = (server, parts) => {
  server.get("/v1/status", () => statusOf(parts));
};

async function statusOf(parts: AdminParts): Promise<StatusView> {
  const { gateway, store, shownByPort } = parts;
  const config = parts.configuration?.state();
  const look = await store.look();
  const facts = store.facts();
  const { connected, stalledMs } = store.writer;
  const reachable = connected && look !== undefined;
  const channels = gateway.channels();
  const queues = gateway.operations.queues();
  const sessions = gateway.sessions();
  const triggers = gateway.triggers();
  const nowMs = Date.now();
  const shown = channels.map((channel) => ({ ...channel, owner: channel.name }));
  const certificates = certificateSentences([...shown, ...(shownByPort?.() ?? [])], nowMs);
  const troubles = [
    ...databaseTroubles(facts, { reachable, stalledMs }),
    ...channels.flatMap((channel) => downTrouble(channel, nowMs)),
    ...channels.flatMap((channel) => stoppedTrouble(channel, nowMs)),
    ...triggers.flatMap(triggerTrouble),
    ...queues.flatMap((queue) => queueTrouble(queue, { channels, sessions, nowMs })),
    ...channels.flatMap((channel) => heldTrouble(channel, gateway.holds.of(channel.name), nowMs)),
    ...configTroubles(config),
    ...certificates.troubles,
    ...deadLetterTrouble(look),
  ];
  const { embedded, version: server, where, waiting, disk } = facts;
  const octets = look?.octets;
  const named = (state: TriggerView["state"]) =>
    triggers.filter((trigger) => trigger.state === state).map(({ name }) => name);
  return {
    startId: store.startId,
    version,
    pid: process.pid,
    sinceMs: idTimeMs(store.startId),
    well: troubles.length === 0,
    troubles,
    warnings: certificates.warnings,
    channels,
    triggers: {
      active: named("active").length,
      broken: named("broken"),
      quarantined: named("quarantined"),
    },
    database: { embedded, version: server, where, reachable, waiting, octets },
    disk,
    uncertain: queues.reduce((sum, queue) => sum + queue.uncertain, look?.uncertain ?? 0),
    unmatchedReports: look?.unmatchedReports ?? 0,
    deadLetters: look?.deadLetters ?? 0,
    config,
  };
}

function configTroubles(config: StatusView["config"]): string[] {
  if (config === undefined) return [];
  const { file, version, faults, restart, failed } = config;
  const troubles: string[] = [];
  const [first] = faults;
  if (first !== undefined) {
    const more = faults.length === 1 ? "" : ` (and ${faults.length - 1} more)`;
    troubles.push(`${file} has faults, so version ${version} stays in force: ${first}${more}.`);
  }
  for (const one of failed)
    troubles.push(`A channel does not open as ${file} says and goes on as before: ${one}.`);
  if (restart.length > 0)
    troubles.push(
      `These settings of ${file} need a restart to be in force: ${restart.join(", ")}.`,
    );
  return troubles;
}

function databaseTroubles(
  { embedded, where, disk, waiting }: StoreFacts,
  { reachable, stalledMs }: { readonly reachable: boolean; readonly stalledMs: number },
): string[] {
  const troubles: string[] = [];
  if (!reachable)
    troubles.push(
      `The database ${where} does not answer: messages are refused, and what only it knows (dead letters, unmatched reports) is shown as 0. ` +
        (embedded
          ? "Look at the gateway's log; it is started again by itself."
          : "See that PostgreSQL runs and can be reached."),
    );
  else if (stalledMs > stalledMostMs)
    troubles.push(
      `The database has written nothing for ${duration(stalledMs)} while ${waiting} operations wait: look at its log and its disk.`,
    );
  if (disk?.low === true)
    troubles.push(
      `Only ${Math.floor(disk.freeMib)} MiB are free on ${disk.path}, and ${disk.minFreeMib} are wanted: new messages are refused until there is room.`,
    );
  return troubles;
}

function downTrouble({ name, state, sinceMs, detail }: ChannelView, nowMs: number): string[] {
  if (state !== "down") return [];
  return [`${name} is down for ${duration(nowMs - sinceMs)}: ${detail}.`];
}

function triggerTrouble({ name, state, file, detail }: TriggerView): string[] {
  // What an operator has settled is as he wants it.
  const isOurs = state === "rolledBack" && detail.includes("rolled back by signalbox ");
  if (isOurs)
    return [`The trigger ${name} failed too often: ${detail}. Mend ${file}, it is loaded at once.`];
  if (state !== "broken" && state !== "quarantined") return [];
  const how = state === "broken" ? "does not load" : "is in quarantine";
  return [`The trigger ${name} ${how}: ${detail}. Mend ${file}, it is loaded at once.`];
}

/** What waits for a customer who is away is as it should be; what waits for one who is here is not. */
function queueTrouble(
  { name, channel, account, oldestDueMs, rows }: QueueView,
  {
    channels,
    sessions,
    nowMs,
  }: {
    readonly channels: readonly ChannelView[];
    readonly sessions: readonly SessionView[];
    readonly nowMs: number;
  },
): string[] {
  const lateMs = oldestDueMs === undefined ? 0 : nowMs - oldestDueMs;
  if (lateMs < overdueMs) return [];
  const first = `${name} holds ${rows} messages, the first of them due for ${duration(lateMs)}`;
  const known = channels.find((one) => one.name === channel);
  // That it is held is told already, with how many wait.
  if (known?.held !== undefined) return [];
  if (known === undefined)
    return [`${first}: ${channel} is no channel now. \`signalbox queue move\` them or drop them.`];
  const receives = ({ channel: on, account: of, bindType }: SessionView): boolean =>
    on === channel && of === account && bindType !== "transmitter";
  if (account !== undefined && !sessions.some(receives)) return [];
  return [
    `${first}. \`signalbox message list --stuck\` shows them, \`queue move\` sends them by another way.`,
  ];
}

function heldTrouble(
  { name, held, queued }: ChannelView,
  hold: { readonly sinceMs: number; readonly by: string } | undefined,
  nowMs: number,
): string[] {
  if (held === undefined || hold === undefined) return [];
  const since = duration(nowMs - hold.sinceMs);
  return [
    `${name} is ${held} for ${since}, by ${hold.by}; ${queued} messages wait. \`signalbox channel resume ${name}\` lets it go on.`,
  ];
}

/** A pause is as the policy wants it; a breaker says that something is wrong. */
function stoppedTrouble({ name, stopped, queued }: ChannelView, nowMs: number): string[] {
  if (stopped === undefined || stopped.what === "resting") return [];
  const { queue, untilMs, why } = stopped;
  const until = untilMs === undefined ? "the next message" : duration(untilMs - nowMs);
  return [
    `The breaker of ${queue} is open, ${until} until it is tried again: ${why}; ${queued} messages wait. \`signalbox channel resume ${name}\` closes it at once.`,
  ];
}

function deadLetterTrouble(look: StoreLook | undefined): string[] {
  const count = look?.newDeadLetters ?? 0;
  if (count === 0) return [];
  const what = count === 1 ? "One dead letter" : `${count} dead letters`;
  return [`${what} since the start: \`signalbox deadletter list\` tells why.`];
}

const units = [
  { name: "day", ms: 86_400_000 },
  { name: "hour", ms: 3_600_000 },
  { name: "minute", ms: 60_000 },
  { name: "second", ms: 1_000 },
] as const;

function duration(ms: number): string {
  for (const unit of units) {
    const count = Math.floor(ms / unit.ms);
    if (count > 0) return `${count} ${unit.name}${count === 1 ? "" : "s"}`;
  }
  return "less than a second";
}
