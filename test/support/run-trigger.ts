import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/model/clock.ts";
import type { Ruling } from "../../src/model/decision.ts";
import type {
  BindEvent,
  ChannelNotice,
  MessageEvent,
  ReportEvent,
  SessionEvent,
  StatusEvent,
} from "../../src/model/event.ts";
import type { Message, Sent } from "../../src/model/message.ts";
import type { Report } from "../../src/model/report.ts";
import { type Engine, type EngineOptions, openEngine } from "../../src/trigger/engine.ts";
import type { HostFunctions } from "../../src/trigger/host-calls.ts";
import { defaultLimits, type TriggerLimits } from "../../src/trigger/limits.ts";
import { openRehearsal } from "../../src/trigger/rehearsal.ts";
import type { EngineRequest } from "../../src/trigger/request.ts";
import type { VersionKeeper } from "../../src/trigger/versions.ts";
import { type RecorderLog, recorderLog } from "./log.ts";

/** Runs the triggers of one file in the real sandbox for one event, and gives the decision. */
export async function runTrigger(
  file: string,
  request: EngineRequest,
  calls: HostFunctions = {},
): Promise<Ruling> {
  const files = { "trigger.ts": await readFile(file, "utf8") };
  await using rehearsal = await openRehearsal({ files, calls });
  return await rehearsal.decide(request);
}

export interface RunningScripts extends AsyncDisposable {
  readonly engine: Engine;
  readonly directory: string;
  readonly log: RecorderLog;
  /** Writes these files and waits until the engine has looked at them. */
  save(files: Record<string, string>): Promise<void>;
}

export interface ScriptOptions {
  readonly limits?: Partial<TriggerLimits>;
  readonly calls?: HostFunctions;
  readonly channels?: () => readonly string[];
  /** Where versions outlive the engine; in its memory when left out. */
  readonly keeper?: VersionKeeper;
  readonly approve?: EngineOptions["approve"];
}

/** An engine over a folder of its own with these files. */
export async function openScripts(
  files: Record<string, string>,
  options: ScriptOptions = {},
): Promise<RunningScripts> {
  const directory = await mkdtemp(join(tmpdir(), "signalbox-triggers-"));
  const write = async (all: Record<string, string>) => {
    for (const [file, text] of Object.entries(all)) await writeFile(join(directory, file), text);
  };
  await write(files);
  const log = recorderLog();
  const engine = await openEngine({
    directory,
    log,
    clock: systemClock,
    calls: options.calls ?? {},
    limits: { ...defaultLimits, ...options.limits },
    ...(options.channels === undefined ? {} : { channels: options.channels }),
    ...(options.keeper === undefined ? {} : { keeper: options.keeper }),
    ...(options.approve === undefined ? {} : { approve: options.approve }),
  });
  return {
    engine,
    directory,
    log,
    async save(all) {
      await write(all);
      await engine.rescan();
    },
    async [Symbol.asyncDispose]() {
      await engine.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** A file that imports from the SDK, with this text after it. */
export function script(text: string): string {
  const all =
    "onAccount, onBind, onChannel, onMessage, onReport, onSchedule, onSession, onStatus, sms";
  return `import { ${all} } from "signalbox";\n${text}\n`;
}

export function bindRequest(event: Partial<BindEvent> = {}): EngineRequest {
  return {
    kind: "bind",
    event: {
      id: "bind-1",
      channel: "SMPP_SERVER1",
      session: "SMPP_SERVER1#1",
      systemId: "Test1",
      systemType: "",
      password: "secret",
      bindType: "transceiver",
      version: 0x34,
      addressRange: "",
      remote: "127.0.0.1:40000",
      tls: false,
      ...event,
    },
  };
}

export interface MessageParts {
  readonly id?: string;
  readonly channel?: string;
  readonly from?: string;
  readonly to?: string;
  readonly text?: string | undefined;
  readonly parts?: number;
  readonly origin?: MessageEvent["origin"];
  /** Of a customer; Test1 when left out. */
  readonly account?: string;
  readonly registeredDelivery?: number;
  /** Further fields as the wire had them. */
  readonly sms?: Partial<NonNullable<Message["sms"]>>;
  readonly encoding?: string;
  readonly part?: NonNullable<MessageEvent["part"]>;
  readonly client?: NonNullable<Message["client"]>;
}

export function messageRequest(parts: MessageParts = {}): EngineRequest {
  const { id = "message-1", channel = "SMPP_SERVER1", origin = "customer" } = parts;
  const { from = "+31600000001", to = "+31600000002" } = parts;
  return {
    kind: "message",
    event: {
      message: original({
        id,
        root: id,
        channel,
        account: origin === "customer" ? (parts.account ?? "Test1") : undefined,
        from,
        to,
        sms: { ...smsBetween(from, to, parts.registeredDelivery ?? 1), ...parts.sms },
        ...(parts.client && { client: parts.client }),
      }),
      ...(parts.encoding === undefined ? {} : { encoding: parts.encoding }),
      ...(parts.part === undefined ? {} : { part: parts.part }),
      text: "text" in parts ? parts.text : "Hello",
      parts: parts.parts ?? 1,
      session: "SMPP_SERVER1#1",
      origin,
      expiresMs: 4_102_444_800_000,
      isOpen: () => true,
    },
  };
}

/** A customer's message as it came in. */
function original(message: Partial<Message>): Message {
  return {
    id: "message-1",
    root: "message-1",
    parent: undefined,
    kind: "sms",
    direction: "in",
    channel: "SMPP_SERVER1",
    account: "Test1",
    from: "+31600000001",
    to: "+31600000002",
    sms: smsBetween("+31600000001", "+31600000002", 1),
    report: undefined,
    sameAsParent: false,
    hops: 0,
    log: [],
    ...message,
  };
}

function smsBetween(
  from: string,
  to: string,
  registeredDelivery: number,
): NonNullable<Message["sms"]> {
  return {
    from: { ton: 1, npi: 1, digits: from.slice(1) },
    to: { ton: 1, npi: 1, digits: to.slice(1) },
    serviceType: "",
    esmClass: 0,
    protocolId: 0,
    priority: 0,
    scheduleTime: "",
    validityPeriod: "",
    registeredDelivery,
    replaceIfPresent: 0,
    dataCoding: 0,
    octets: Buffer.from("Hello"),
    text: undefined,
    tlvs: [],
  };
}

/** The original and what was made of it for SMPP1. */
export function sentOf(message: Partial<Message> = {}): Sent {
  const first = original({});
  return {
    original: first,
    message: {
      ...first,
      id: "message-2",
      parent: first.id,
      direction: "out",
      channel: "SMPP1",
      sameAsParent: true,
      ...message,
    },
  };
}

/** What a provider says of a message that reached its phone. */
export const deliveredReport: Report = {
  messageId: "0A1B",
  status: "DELIVERED",
  state: "DELIVRD",
  error: "000",
  submittedMs: 1_700_000_000_000,
  doneMs: 1_700_000_005_000,
  text: "Hello",
  networkError: undefined,
};

export interface ReportParts extends Partial<ReportEvent> {
  /** undefined: no message is known that it is about. */
  readonly sent?: Sent | undefined;
}

export function reportRequest(parts: ReportParts = {}): EngineRequest {
  const { sent, ...event } = { sent: sentOf(), ...parts };
  return {
    kind: "report",
    sent,
    event: {
      id: "report-1",
      channel: "SMPP1",
      session: "SMPP1#1",
      atMs: 1_700_000_006_000,
      report: deliveredReport,
      from: "+31600000002",
      to: "+31600000001",
      isOpen: () => true,
      ...event,
    },
  };
}

/** A channel that has been down for as long as triggers wait that do not say how long. */
export function channelRequest(notice: Partial<ChannelNotice> = {}): EngineRequest {
  return {
    kind: "channel",
    event: {
      id: "channel-1",
      channel: "SMPP1",
      what: "down",
      sinceMs: 1_700_000_000_000,
      forMs: 1_000,
      reason: "session ended: peer_closed",
      first: false,
      ...notice,
    },
  };
}

/** A session of Test1 that has ended because he unbound, after ten seconds. */
export function sessionRequest(event: Partial<SessionEvent> = {}): EngineRequest {
  return {
    kind: "session",
    event: {
      id: "session-1",
      channel: "SMPP_SERVER1",
      session: "SMPP_SERVER1#1",
      atMs: 1_700_000_010_000,
      what: "ended",
      reason: "peer_unbound",
      detail: "",
      account: "Test1",
      bindType: "transceiver",
      remote: "127.0.0.1:40000",
      tls: false,
      boundMs: 1_700_000_000_000,
      received: 3,
      sent: 2,
      others: 0,
      ...event,
    },
  };
}

export function statusRequest(event: Partial<StatusEvent> = {}): EngineRequest {
  return {
    kind: "status",
    event: {
      id: "status-1",
      atMs: 1_700_000_006_000,
      sent: sentOf(),
      status: "DELIVERED",
      error: undefined,
      report: deliveredReport,
      ...event,
    },
  };
}
