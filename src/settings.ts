import { channelSettings } from "./channel/catalog.ts";
import { z } from "./config/schema.ts";

const port = (preset: number) => z.int().min(0).max(65_535).default(preset);

/** A channel's name goes into queues, traces and scripts: upper case, so that it is seen there. */
const channelName = z
  .string()
  .regex(
    /^[A-Z][A-Z0-9_]{0,31}$/,
    "a channel's name is upper case letters, digits and _, at most 32",
  );

/** Every setting of signalbox.yaml in one list; docs/configuration.md is made from it. */
export const settingsSchema = z
  .strictObject({
    example: z
      .boolean()
      .default(false)
      .describe("Fills an empty database with the customers Test1 and Test2 to try with."),
    data: z
      .string()
      .min(1)
      .default("./data")
      .describe("Directory for the embedded database and the admin socket, relative to this file."),
    triggers: z
      .string()
      .min(1)
      .default("./triggers")
      .describe("Directory of the trigger files, relative to this file; watched for changes."),
    database: z
      .strictObject({
        url: z
          .string()
          .default("")
          .meta({ secret: true })
          .describe("PostgreSQL to use, `postgres://user:password@host/name`; empty runs our own."),
      })
      .prefault({})
      .describe("Where messages are kept."),
    log: z
      .strictObject({
        level: z
          .enum(["debug", "info", "warn", "error"])
          .default("info")
          .describe("What is told on standard error."),
      })
      .prefault({})
      .describe("What the gateway tells of itself."),
    eventDeadlineMs: z
      .int()
      .min(50)
      .max(60_000)
      .default(2_000)
      .meta({ unit: "ms" })
      .describe("How long all triggers of one event may take together; then nothing is applied."),
    drainMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(10_000)
      .meta({ unit: "ms" })
      .describe("At a stop, how long answers of peers are waited for."),
    channels: z.record(channelName, channelSettings).describe("Ways in and out, by name."),
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
    for (const [name, channel] of Object.entries(settings.channels)) {
      const path = (key: string) => ["channels", name, key];
      const late = settings.eventDeadlineMs;
      if (channel.type !== "smpp-server") continue;
      if (channel.bindTimeoutMs <= late)
        context.addIssue({
          code: "custom",
          path: path("bindTimeoutMs"),
          message: `must be more than eventDeadlineMs (${late}), else a late decision finds nobody`,
        });
      if (channel.answerTimeoutMs <= late)
        context.addIssue({
          code: "custom",
          path: path("answerTimeoutMs"),
          message: `must be more than eventDeadlineMs (${late}), else a late decision finds nobody`,
        });
    }
  });

export type Settings = z.infer<typeof settingsSchema>;
