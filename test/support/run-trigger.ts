import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemClock } from "../../src/model/clock.ts";
import type { Ruling } from "../../src/model/decision.ts";
import type { BindEvent, MessageEvent } from "../../src/model/event.ts";
import { type Engine, openEngine } from "../../src/trigger/engine.ts";
import type { HostFunctions } from "../../src/trigger/host-calls.ts";
import { defaultLimits, type TriggerLimits } from "../../src/trigger/limits.ts";
import type { EngineRequest } from "../../src/trigger/request.ts";
import { type RecorderLog, recorderLog } from "./log.ts";

/** Runs the triggers of one file in the real sandbox for one event, and gives the decision. */
export async function runTrigger(
  file: string,
  request: EngineRequest,
  calls: HostFunctions = {},
): Promise<Ruling> {
  await using running = await openScripts({}, { calls });
  await writeFile(
    join(running.directory, "trigger.ts"),
    `export * from ${JSON.stringify(resolve(file))};\n`,
  );
  await running.engine.rescan();
  return await running.engine.decide(request);
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
  return `import { onBind, onMessage } from "signalbox";\n${text}\n`;
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
  readonly registeredDelivery?: number;
}

export function messageRequest(parts: MessageParts = {}): EngineRequest {
  const { id = "message-1", channel = "SMPP_SERVER1", origin = "customer" } = parts;
  const { from = "+31600000001", to = "+31600000002" } = parts;
  return {
    kind: "message",
    event: {
      message: {
        id,
        root: id,
        parent: undefined,
        kind: "sms",
        direction: "in",
        channel,
        account: origin === "customer" ? "Test1" : undefined,
        from,
        to,
        sms: {
          from: { ton: 1, npi: 1, digits: from.slice(1) },
          to: { ton: 1, npi: 1, digits: to.slice(1) },
          serviceType: "",
          esmClass: 0,
          protocolId: 0,
          priority: 0,
          scheduleTime: "",
          validityPeriod: "",
          registeredDelivery: parts.registeredDelivery ?? 1,
          replaceIfPresent: 0,
          dataCoding: 0,
          octets: Buffer.from("Hello"),
          text: undefined,
          tlvs: [],
        },
        sameAsParent: false,
        hops: 0,
        log: [],
      },
      text: "text" in parts ? parts.text : "Hello",
      parts: parts.parts ?? 1,
      session: "SMPP_SERVER1#1",
      origin,
      expiresMs: 4_102_444_800_000,
      isOpen: () => true,
    },
  };
}
