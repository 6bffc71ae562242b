import { channelSettings } from "./channel/catalog.ts";
import { httpClientFaults } from "./channel/http-client-files.ts";
import { sharedFailureSettings } from "./channel/failure-settings.ts";
import { listenersOf } from "./channel/listening.ts";
import { readCodeTable } from "./channel/report-codes/table.ts";
import type { ConfigFault } from "./config/load.ts";
import { dataSetting, databaseSettings } from "./config/data-settings.ts";
import { recordSettings } from "./config/record-settings.ts";
import { z } from "./config/schema.ts";
import { isLoopback } from "./model/loopback.ts";
import type { DataSourceView } from "./model/data-source-view.ts";
import { routesSettings } from "./route/settings.ts";
import { optOutSettings } from "./route/opt-out-settings.ts";
import { accountsSettings, passwordRules } from "./service/accounts-settings.ts";
import { dataSourcesSettings, sourceView } from "./service/data-sources-settings.ts";
import { fetchSettings } from "./service/fetch-settings.ts";
import { secretsSettings } from "./service/secrets-settings.ts";
import { settingsFaults } from "./settings-faults.ts";
import { webhookSettings } from "./webhook/settings.ts";

const port = (preset: number) => z.int().min(0).max(65_535).default(preset);

/** A channel's name goes into queues, traces and scripts: upper case, so that it is seen there. */
const channelName = z
  .string()
  .regex(
    /^[A-Z][A-Z0-9_]{0,31}$/,
    "a channel's name is upper case letters, digits and _, at most 32",
  );

/** The SHA-256 of a token is all that the file knows of it: who reads the file gets in nowhere. */
const adminToken = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._@-]{1,64}$/, "letters, digits and . _ @ -, at most 64")
    .describe("Who it is for; stands in the log beside each change."),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "64 digits of hex, as `signalbox admin token <name>` prints them")
    .describe("Of the token; `signalbox admin token <name>` makes both."),
});

const adminSettings = z
  .strictObject({
    address: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .describe("Local address to listen on; one that others can reach needs `tls`."),
    port: port(2790).describe("TCP port; 0 takes a free one."),
    tls: z
      .strictObject({
        certificate: z
          .string()
          .min(1)
          .optional()
          .describe("PEM file with the certificate; without it one is made at the first start."),
        key: z
          .string()
          .min(1)
          .optional()
          .describe(
            "PEM file with its key, without a passphrase; left out when it lies in the same file.",
          ),
      })
      .refine((one) => one.key === undefined || one.certificate !== undefined, {
        error: "is the key of no certificate: set `certificate` too",
        path: ["key"],
      })
      .optional()
      .describe("Speaks TLS only, 1.2 or newer; `{}` with a certificate of our own."),
    tokens: z
      .array(adminToken)
      .max(100)
      .default([])
      .describe("Who may use the admin API, and read the metrics from elsewhere."),
    hosts: z
      .array(z.string().min(1).max(253))
      .max(100)
      .default([])
      .describe("Names by which it may be asked besides its address and `localhost`."),
  })
  .superRefine((admin, context) => {
    if (admin.tls === undefined && !isLoopback(admin.address))
      context.addIssue({
        code: "custom",
        path: ["tls"],
        message: `must be set because others can reach ${admin.address}; \`tls: {}\` makes a certificate`,
      });
    const names = admin.tokens.map(({ name }) => name);
    for (const [at, name] of names.entries())
      if (names.indexOf(name) < at)
        context.addIssue({
          code: "custom",
          path: ["tokens", at, "name"],
          message: "is the name of another token already",
        });
  });

/** Every setting of signalbox.yaml in one list; docs/configuration.md is made from it. */
export const settingsSchema = z
  .strictObject({
    example: z
      .boolean()
      .default(false)
      .describe("Fills an empty database with the customers Test1 and Test2 to try with."),
    data: dataSetting,
    triggers: z
      .string()
      .min(1)
      .default("./triggers")
      .describe("Directory of the trigger files, relative to this file; watched for changes."),
    activation: z
      .enum(["saved", "tested"])
      .default("saved")
      .describe(
        "When a saved trigger file runs: at once, or when the tests that lie beside it pass.",
      ),
    database: databaseSettings,
    log: z
      .strictObject({
        level: z
          .enum(["pdu", "debug", "info", "warn", "error"])
          .default("info")
          .describe("What is told on standard error; `pdu` tells each PDU in hex."),
        pduText: z
          .boolean()
          .default(false)
          .describe("true: PDUs in the log show the text of messages, else it is masked."),
      })
      .prefault({})
      .describe("What the gateway tells of itself."),
    admin: adminSettings
      .optional()
      .describe(
        "A TCP port for monitoring and the admin API; without it there is only the socket.",
      ),
    eventDeadlineMs: z
      .int()
      .min(50)
      .max(60_000)
      .default(2_000)
      .meta({ unit: "ms" })
      .describe("How long all triggers of one event may take together; then nothing is applied."),
    recording: z
      .boolean()
      .default(true)
      .describe(
        "Keeps in the trace what triggers asked the gateway for and were told, at most 16 KiB per event, so that `trigger replay` can run it again.",
      ),
    drainMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(10_000)
      .meta({ unit: "ms" })
      .describe("At a stop, how long answers of peers are waited for."),
    retention: z
      .strictObject({
        keepTraceDays: z
          .int()
          .min(1)
          .max(3_650)
          .default(7)
          .meta({ unit: "days" })
          .describe("How long the steps of a life are kept."),
        keepMessageDays: z
          .int()
          .min(1)
          .max(3_650)
          .default(30)
          .meta({ unit: "days" })
          .describe("How long messages are kept; one that still waits is kept longer."),
        minFreeMib: z
          .int()
          .min(0)
          .default(512)
          .meta({ unit: "MiB" })
          .describe(
            "With less room on the embedded database's disk, new messages get 0x14; 0 never.",
          ),
      })
      .prefault({})
      .describe("What is kept for how long."),
    records: recordSettings
      .optional()
      .describe("Records for billing: a file for each day; left out, only when asked for."),
    privacy: z
      .strictObject({
        showText: z
          .boolean()
          .default(true)
          .describe(
            "false: nobody sees the text of a message in traces and lists, only its length.",
          ),
      })
      .prefault({})
      .describe("What the operators may see."),
    optOut: optOutSettings
      .optional()
      .describe("STOP, START and HELP of people; left out, no text of theirs is looked at."),
    accounts: accountsSettings,
    passwords: passwordRules,
    dataSources: dataSourcesSettings,
    http: fetchSettings,
    secrets: secretsSettings,
    failures: sharedFailureSettings.describe(
      "What is done with messages that a peer does not take; see docs/routes.md.",
    ),
    webhooks: webhookSettings,
    channels: z.record(channelName, channelSettings).describe("Ways in and out, by name."),
    routes: routesSettings,
    simulator: z
      .strictObject({
        host: z
          .string()
          .min(1)
          .default("127.0.0.1")
          .describe("Where the simulated provider listens."),
        port: port(2785).describe("Its TCP port; 0 takes a free one."),
        answerDelayMs: z
          .int()
          .min(0)
          .max(60_000)
          .default(0)
          .meta({ unit: "ms" })
          .describe("How long it waits before it answers a message."),
        reportDelayMs: z
          .int()
          .min(0)
          .max(3_600_000)
          .default(500)
          .meta({ unit: "ms" })
          .describe("How long it waits before it reports a message."),
      })
      .optional()
      .describe("A provider to try with, run inside the gateway; leave it out in earnest."),
  })
  .superRefine((settings, context) => {
    for (const { path, message } of settingsFaults(settings))
      context.addIssue({ code: "custom", path: [...path], message });
  });

export type Settings = z.infer<typeof settingsSchema>;

/**
 * What is wrong with the files that these settings name, each of which is checked by itself. `file` is
 * the settings' own, `base` what their paths are relative to. Asked by `config check` and at the start.
 */
export function fileFaults(
  settings: Settings,
  { file, base }: { readonly file: string; readonly base: string },
): readonly ConfigFault[] {
  return Object.entries(settings.channels).flatMap(([name, channel]) => {
    if (channel.type === "http-client")
      return httpClientFaults(channel, base).map((fault) =>
        fault.line === 0 ? { ...fault, file, path: `channels.${name}.${fault.path}` } : fault,
      );
    if (channel.type !== "smpp-client") return [];
    const table = readCodeTable(channel.reports.codes, base);
    if (!("faults" in table)) return [];
    const path = `channels.${name}.reports.codes`;
    // Where there is no file, the setting is to blame.
    return table.faults.map((fault) => (fault.line === 0 ? { ...fault, file, path } : fault));
  });
}

/** A port at which customers bind. */
export interface Door {
  readonly channel: string;
  readonly addresses: readonly string[];
  readonly port: number;
  /** The oldest TLS that is spoken there; undefined: in clear. */
  readonly tls: string | undefined;
  readonly settings: Extract<Settings["channels"][string], { type: "smpp-server" }>;
}

/** In the order of the settings; asked for by `account sheet`. */
export function doorsOf({ channels }: Settings): readonly Door[] {
  return Object.entries(channels).flatMap(([channel, settings]) =>
    settings.type === "smpp-server" && settings.enabled
      ? listenersOf(settings).map(({ address: addresses, port, tls }) => ({
          channel,
          addresses,
          port,
          tls: tls?.minVersion,
          settings,
        }))
      : [],
  );
}

/** In the order of their names, without their passwords; asked for by `datasource list`. */
export function dataSourcesOf({ dataSources }: Settings): readonly DataSourceView[] {
  const all = Object.entries(dataSources).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return all.map(([name, settings]) => sourceView(name, settings));
}
