import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeptOptions } from "../../src/model/account-options.ts";
import type { Channel, ChannelHost } from "../../src/channel/channel.ts";
import { channelSettings, openChannel } from "../../src/channel/catalog.ts";
import { systemClock } from "../../src/model/clock.ts";
import type { EventKind, Events } from "../../src/model/event.ts";
import { idMaker } from "../../src/model/id.ts";
import type { Intake } from "../../src/model/intake.ts";
import type { Log } from "../../src/model/log.ts";
import { shortIdMaker } from "../../src/model/short-id.ts";

type Answers = {
  [K in EventKind]?: (
    event: Events[K]["event"],
  ) => Events[K]["answer"] | Promise<Events[K]["answer"]>;
};

/** A channel on its own, with what it told. */
export interface TestChannel extends AsyncDisposable {
  readonly channel: Channel;
  /** Where it may keep files, and to which the paths in its settings are relative. */
  readonly folder: string;
  readonly events: { readonly [K in EventKind]: Events[K]["event"][] };
  readonly lines: readonly LogLine[];
  /** The first line of the log with this text, come or to come. */
  logged(text: string): Promise<LogLine>;
  /** Resolves when the channel can take a message for this account. */
  room(account?: string): Promise<void>;
}

interface LogLine {
  readonly level: string;
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface OpenOptions {
  readonly answers?: Answers;
  readonly folder?: string;
  readonly name?: string;
  /** What customers have otherwise than others; nothing when left out. */
  readonly optionsOf?: (account: string) => KeptOptions;
  readonly intake?: Intake;
}

/**
 * Opens a channel from settings as they stand in the yaml, on real sockets, with everything that it
 * is handed recorded. Binds and messages are accepted, as account `Test1` and id `id-1`, unless
 * `answers` say otherwise.
 */
export async function openTestChannel(
  settings: Readonly<Record<string, unknown>>,
  { answers = {}, folder: given, name = "CHANNEL1", optionsOf, intake }: OpenOptions = {},
): Promise<TestChannel> {
  const folder = given ?? (await testFolder());
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  const check = (): void => {
    for (const one of waiting) one();
  };
  const events: TestChannel["events"] = {
    bind: [],
    message: [],
    report: [],
    operation: [],
    alert: [],
    channel: [],
    session: [],
  };
  const standard: Required<Answers> = {
    bind: ({ systemId }) => ({ kind: "accepted", account: systemId }),
    message: () => ({ kind: "accepted", id: "id-1" }),
    report: () => ({ kind: "accepted" }),
    operation: () => ({ kind: "done" }),
    alert: () => ({ kind: "noted" }),
    channel: () => ({ kind: "noted" }),
    session: () => ({ kind: "noted" }),
  };
  const newId = idMaker(systemClock.nowMs);
  const shortened = shortIdMaker();
  const host: ChannelHost = {
    name,
    clock: systemClock,
    log: logInto((line) => {
      lines.push(line);
      check();
    }),
    newId,
    newShortId: () => shortened(newId()),
    base: folder,
    directory: join(folder, "kept"),
    drained: false,
    async emit(kind, event) {
      events[kind].push(event);
      return (answers[kind] ?? standard[kind])(event);
    },
    ready: check,
    ...(optionsOf && { optionsOf }),
    ...(intake && { intake }),
  };
  const channel = await openChannel(channelSettings.parse(settings), host);

  const when = <Value>(value: () => Value | undefined): Promise<Value> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = value();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    channel,
    folder,
    events,
    lines,
    logged: (text) => when(() => lines.find((line) => line.text === text)),
    async room(account) {
      await when(() => (channel.room(account) > 0 ? true : undefined));
    },
    async [Symbol.asyncDispose]() {
      await channel.close(1_000);
      if (given === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

export function testFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "signalbox-channel-"));
}

function logInto(put: (line: LogLine) => void): Log {
  const at = (level: string) => (facts: Readonly<Record<string, unknown>>, text: string) =>
    put({ level, text, facts });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logInto(put),
  };
}
