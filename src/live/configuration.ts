import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { differences } from "../config/difference.ts";
import { type Edit, edited } from "../config/edit.ts";
import { faultLine, load } from "../config/load.ts";
import { masked, unmasked } from "../config/masked.ts";
import { sectionOf, withSection } from "../config/section.ts";
import { openVersions, writeWhole } from "../config/versions.ts";
import { watchText } from "../config/watch.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type {
  ConfigPlanView,
  ConfigTextView,
  ConfigVersionView,
  ConfigView,
} from "../model/view.ts";
import { directoryIn } from "../settings-faults.ts";
import { type Settings, fileFaults, settingsSchema } from "../settings.ts";
import type { LiveChannels } from "./channels.ts";
import { pathText } from "../config/place.ts";
import { routeFaults } from "../route/check.ts";
import { type RoutesFile, routesIn } from "./routes-file.ts";

export interface ConfigurationParts {
  /** Absolute. */
  readonly file: string;
  /** Directory to which the paths in the settings are relative. */
  readonly base: string;
  /** What the gateway was started with. */
  readonly settings: Settings;
  /** Where the last versions are kept. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly channels: Pick<LiveChannels, "plan" | "change">;
  /** Rejects with a GatewayError where these settings may not be in force. */
  readonly guard: (settings: Settings) => Promise<void>;
  /** Whether routes may name this number table; any when left out. */
  readonly hasTable?: (name: string) => boolean;
  /** Told of settings that have come into force: what reads them takes these from now on. */
  readonly applied: (settings: Settings) => void;
  readonly now: () => number;
  readonly log: Log;
}

/**
 * The configuration while the gateway runs. The file is the only truth: whoever changes it, a person,
 * the command line or a program, the difference is brought into force, one change after another; a file
 * with faults changes nothing.
 */
export interface Configuration {
  state(): ConfigView;
  /** What the file says, with what needs a restart; asked for by lists. */
  settings(): Settings;
  shown(): ConfigTextView;
  /** What would change; undefined: what the file says now. Rejects, as all do, with `bad_configuration`. */
  plan(text: string | undefined): Promise<ConfigPlanView>;
  /**
   * Writes this text into the file and brings it into force; undefined: what the file says now. A `***`
   * in the place of a secret is what stood there. Rejects with `config_unwritable`.
   */
  put(text: string | undefined, by: string): Promise<ConfigPlanView>;
  /** Changes some settings of one channel, null takes one out. Rejects with `unknown_channel`. */
  setChannel(
    name: string,
    fields: Readonly<Record<string, unknown>>,
    by: string,
  ): Promise<ConfigPlanView>;
  versions(): Promise<readonly ConfigVersionView[]>;
  /** Makes the file what it was; as `put`. Rejects with `unknown_version`. */
  rollBack(number: number, by: string): Promise<ConfigPlanView>;
  /** Makes the routes those of this file, and leaves all else as it is; as `put`. */
  putRoutes(given: RoutesFile, by: string): Promise<ConfigPlanView>;
  /**
   * Makes the routes what they were in that version, in the last one that had others when none is named;
   * all else stays. Rejects with `unknown_version`.
   */
  rollBackRoutes(number: number | undefined, by: string): Promise<ConfigPlanView>;
  /** Waits for a change that is under way. */
  close(): Promise<void>;
}

/** Who changed the file when nobody told. */
const byFile = "file";

/** Faults of a file that are told in one line of an answer. */
const faultsTold = 5;

export async function openConfiguration(parts: ConfigurationParts): Promise<Configuration> {
  const { file, base, settings: started, env, channels, guard, hasTable, now, log } = parts;
  const name = basename(file);
  const versions = openVersions(parts.directory);
  let text = await readFile(file, "utf8");
  let settings = started;
  let kept = await versions.keep(text, "start", now());
  let faults: readonly string[] = [];
  let failed: readonly string[] = [];
  /** The last change; the next waits for it. */
  let turn: Promise<unknown> = Promise.resolve();
  let ended = false;
  /** What was started with was read before: the file may have changed since. */
  let isSure = false;
  const unwatch = watchText(file, (found) => {
    inTurn(() => fromFile(found)).catch(() => undefined);
  });

  return {
    state,
    settings: () => settings,
    shown: () => ({ ...state(), text: masked(text, settingsSchema) }),
    plan: async (given) => planOf(await checked(given)),
    put: (given, by) => inTurn(async () => take(await checked(given), by)),
    setChannel: (channel, fields, by) =>
      inTurn(async () => {
        if (settings.channels[channel] === undefined)
          throw new GatewayError("unknown_channel", `There is no channel ${channel}.`);
        const edits = Object.entries(fields).map(([field, value]): Edit => ({
          path: ["channels", channel, ...field.split(".")],
          value: value === null ? undefined : value,
        }));
        const { text: asIs } = await checked(undefined);
        return take(await checked(edited(asIs, edits)), by);
      }),
    async versions() {
      return versions.list();
    },
    rollBack: (number, by) =>
      inTurn(async () => {
        const was = await versions.read(number);
        if (was === undefined)
          throw new GatewayError("unknown_version", `Version ${number} is not kept.`);
        return take(await checked(was), by);
      }),
    putRoutes: (given, by) =>
      inTurn(async () => {
        const { text: asIs, settings: now } = await checked(undefined);
        const section = routesIn(given, { settings: now, env, hasTable });
        return take(await checked(withSection(asIs, "routes", section)), by);
      }),
    rollBackRoutes: (number, by) =>
      inTurn(async () => {
        const { text: asIs } = await checked(undefined);
        const section = await routesBefore(sectionOf(asIs, "routes"), number);
        return take(await checked(withSection(asIs, "routes", section)), by);
      }),
    async close() {
      ended = true;
      unwatch();
      await turn.catch(() => undefined);
    },
  };

  function state(): ConfigView {
    const { number: version, atMs: sinceMs } = kept;
    return { file: name, version, sinceMs, faults, restart: restartFor(settings), failed };
  }

  /** The routes of that version; of the last one that has others when none is named. */
  async function routesBefore(
    present: string | undefined,
    number: number | undefined,
  ): Promise<string | undefined> {
    for (const version of await versions.list()) {
      if (number !== undefined && version.number !== number) continue;
      const was = await versions.read(version.number);
      const section = was === undefined ? undefined : sectionOf(was, "routes");
      if (was !== undefined && (number !== undefined || section !== present)) return section;
    }
    const which = number === undefined ? "No version with other routes" : `Version ${number}`;
    throw new GatewayError(
      "unknown_version",
      `${which} is${number === undefined ? "" : " not"} kept.`,
    );
  }

  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = turn.then(() => {
      if (ended) throw new GatewayError("not_ready", "The gateway is stopping.");
      return act();
    });
    turn = mine.catch(() => undefined);
    return mine;
  }

  /** The file has changed, or may have; undefined: it cannot be read. */
  async function fromFile(found: string | undefined): Promise<void> {
    try {
      // It may have been changed by one of ours meanwhile; then it is looked at again.
      if (found !== (await textNow())) return;
      if (found === text && isSure && faults.length === 0) return;
      if (found === text && isSure) {
        faults = [];
        log.info({ file: name, version: kept.number }, "the file is again what is in force");
        return;
      }
      const result = read(found);
      if ("faults" in result) {
        if (String(result.faults) !== String(faults))
          for (const fault of result.faults.slice(0, faultsTold))
            log.error({ file: name, fault, inForce: kept.number }, "the file has a fault");
        faults = result.faults;
        return;
      }
      const next = { text: found ?? "", settings: result.settings };
      const isStart = !isSure && found === text;
      isSure = true;
      if (isStart) faults = [];
      if (isStart && isDeepStrictEqual(settings, next.settings)) return;
      await mayBeInForce(next.settings);
      await enforce(next, byFile);
    } catch (cause) {
      if (cause instanceof GatewayError) faults = [`${name}: ${cause.message}`];
      log.error({ file: name, err: cause }, "the file could not be brought into force");
    }
  }

  function read(given: string | undefined) {
    const options = { path: name, schema: settingsSchema, env };
    // What cannot be read is told by who reads it.
    const result =
      given === undefined ? load({ ...options, path: file }) : load({ ...options, text: given });
    if ("faults" in result) return { faults: result.faults.map(faultLine) };
    const inFiles = fileFaults(result.settings, { file: name, base });
    return inFiles.length > 0 ? { faults: inFiles.map(faultLine) } : result;
  }

  function textNow(): Promise<string | undefined> {
    return readFile(file, "utf8").catch(() => undefined);
  }

  async function onDisk(): Promise<string> {
    try {
      return await readFile(file, "utf8");
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError("config_unwritable", `${name} cannot be read: ${why}`, { cause });
    }
  }

  /** A text without faults, with the secrets that it hides put back. */
  async function checked(given: string | undefined): Promise<Checked> {
    const whole =
      given === undefined ? { text: await onDisk() } : unmasked(given, text, settingsSchema);
    if ("missing" in whole)
      throw new GatewayError(
        "bad_configuration",
        `${whole.missing} is ***, and there is no value that this stands for`,
      );
    const result = read(whole.text);
    if (!("faults" in result)) return { text: whole.text, settings: result.settings };
    const more = result.faults.length - faultsTold;
    const told = result.faults.slice(0, faultsTold).join("; ");
    throw new GatewayError("bad_configuration", more > 0 ? `${told}; and ${more} more` : told);
  }

  function planOf(next: Checked): ConfigPlanView {
    return {
      version: kept.number,
      changes: differences(settings, next.settings, settingsSchema),
      channels: channels.plan(next.settings.channels),
      restart: restartFor(next.settings),
    };
  }

  /** Of who asks for it: the file says so first. */
  async function take(next: Checked, by: string): Promise<ConfigPlanView> {
    await mayBeInForce(next.settings);
    if (next.text !== (await textNow())) await write(next.text);
    return enforce(next, by);
  }

  /** What the file alone cannot tell. */
  async function mayBeInForce(next: Settings): Promise<void> {
    const routes = routeFaults(next.routes, directoryIn(next), hasTable).map(
      ({ path, text: what }) => `${pathText(["routes", ...path])} ${what}`,
    );
    if (routes.length > 0)
      throw new GatewayError("bad_configuration", routes.slice(0, faultsTold).join("; "));
    await guard(next);
  }

  async function enforce(next: Checked, by: string): Promise<ConfigPlanView> {
    const changes = differences(settings, next.settings, settingsSchema);
    const outcomes = await channels.change(next.settings.channels);
    kept = await versions.keep(next.text, by, now());
    ({ text, settings } = next);
    parts.applied(settings);
    faults = [];
    failed = outcomes.flatMap((one) =>
      one.failed === undefined ? [] : `${one.channel}: ${one.failed}`,
    );
    const restart = restartFor(settings);
    log.info(
      {
        version: kept.number,
        by,
        changed: changes.map(({ path }) => path).join(" "),
        channels: outcomes.map(({ channel, what }) => `${what} ${channel}`).join(", "),
      },
      "a changed configuration is in force",
    );
    for (const one of outcomes) {
      if (one.failed !== undefined)
        log.error(
          { channel: one.channel, why: one.failed },
          "it does not open, and goes on as before",
        );
      else if (one.what === "close" && one.queued > 0)
        log.warn(
          { channel: one.channel, queued: one.queued },
          "messages wait for a closed channel",
        );
    }
    if (restart.length > 0)
      log.warn({ settings: restart.join(" ") }, "these settings need a restart to be in force");
    return { version: kept.number, changes, channels: outcomes, restart };
  }

  async function write(next: string): Promise<void> {
    try {
      await writeWhole(file, next, 0o600);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError("config_unwritable", `${name} cannot be written: ${why}`, { cause });
    }
  }

  /** All but these is read at the start only. */
  function restartFor(next: Settings): readonly string[] {
    return differences(atStart(started), atStart(next), settingsSchema).map(({ path }) => path);
  }
}

function atStart(settings: Settings): unknown {
  return { ...settings, ...LIVE };
}

/** Settings that are in force when they are saved: told as if they were never there. */
const LIVE = {
  channels: {},
  routes: undefined,
  optOut: undefined,
  failures: undefined,
  accounts: undefined,
  passwords: undefined,
};

interface Checked {
  readonly text: string;
  readonly settings: Settings;
}
