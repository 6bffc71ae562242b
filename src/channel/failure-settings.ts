import { z } from "../config/schema.ts";
import {
  FAILURE_CLASSES,
  type FailurePolicy,
  type FailureRule,
  retryFirstMs,
  retryMostMs,
  standardPolicy,
  standardRules,
} from "../model/failure-policy.ts";

/** Rules of one list: more than there are codes that anybody tells apart. */
const rulesMax = 100;

const dayMs = 24 * 3_600_000;

const retries = z
  .int()
  .min(0)
  .max(10_000)
  .optional()
  .describe("So many retries, then it is FAILED; left out, until its validity ends.");

const rule = z.strictObject({
  on: z
    .array(z.union([z.int().min(1).max(0xffff_ffff), z.enum([...FAILURE_CLASSES, "any"])]))
    .min(1)
    .max(rulesMax)
    .describe(
      "What it is for: numbers of command_status, such as 0x58; or throttled (0x58), temporary (0x08, 0x14, 0x58, 0x64, 0xFE, 0xFF), permanent (every other one), timeout and connectionLost (no answer came: the peer may have it), unwritable (no coding of the channel holds it), any.",
    ),
  retries: retries.describe(
    "So many retries because of this, then it is FAILED; left out, until its validity ends.",
  ),
  nextRoute: z
    .int()
    .min(0)
    .max(10_000)
    .optional()
    .describe(
      "After so many retries because of this it takes its next way, where it has one; left out, never. For timeout and connectionLost it may then come twice.",
    ),
  againMs: z
    .int()
    .min(0)
    .max(dayMs)
    .default(retryFirstMs)
    .meta({ unit: "ms" })
    .describe("How long it waits before it is tried again; doubles with each retry."),
  againMostMs: z
    .int()
    .min(0)
    .max(dayMs)
    .optional()
    .meta({ unit: "ms" })
    .describe(
      `How long it waits at most; the longer one of againMs and ${retryMostMs} when left out.`,
    ),
  place: z
    .enum(["head", "tail"])
    .default("head")
    .describe("Before all that came after it, or behind all that wait by then."),
  pauseMs: z
    .int()
    .min(0)
    .max(dayMs)
    .default(0)
    .meta({ unit: "ms" })
    .describe("So long nothing is handed to the channel; where customers bind, to that customer."),
});

const rules = z
  .array(rule)
  .max(rulesMax)
  .default([])
  .describe("Tried in their order; the first that names the failure counts, else the standard.");

const awayMs = z.int().min(0).max(dayMs).meta({ unit: "ms" });

const breaker = z
  .strictObject({
    failures: z.int().min(1).max(1_000).default(5).describe("It opens after so many failures,"),
    of: z.int().min(1).max(1_000).default(10).describe("among the last so many tries,"),
    withinMs: z
      .int()
      .min(100)
      .max(dayMs)
      .default(30_000)
      .meta({ unit: "ms" })
      .describe("all of them within this time. Permanent refusals are no failures here."),
    openMs: z
      .int()
      .min(100)
      .max(dayMs)
      .default(30_000)
      .meta({ unit: "ms" })
      .describe("So long nothing is handed over; then one message is tried."),
  })
  .refine(({ failures, of }) => failures <= of, {
    path: ["failures"],
    message: "must not be more than `of`, else it never opens",
  })
  .optional();

const breakerText =
  "A breaker: when too many tries fail, the channel is left alone for a while, and what may go another way does; left out, there is none.";

/** Of one channel; what it leaves out is as in `sharedFailureSettings`. */
export const failureSettings = z
  .strictObject({
    rules: rules.describe("Before those that all channels share."),
    retries: retries.describe(
      "Retries on this channel, whatever the reasons, then the next way or FAILED.",
    ),
    awayMs: awayMs
      .optional()
      .describe("So long nobody is bound before what has another way takes it; 0 never."),
    backup: z
      .strictObject({
        to: z
          .string()
          .min(1)
          .max(200)
          .describe(
            "A channel, `smppclient/SYSTEM_ID`, `smppserver/SYSTEM_ID`, or the system_id that we bind with.",
          ),
        trusted: z
          .boolean()
          .default(false)
          .describe("true: what it refuses for good is FAILED; else other ways and retries go on."),
        address: z
          .string()
          .min(1)
          .max(200)
          .optional()
          .describe("What traces say where it went, when the backup's own address is not known."),
      })
      .optional()
      .describe("Gets a message once, when this channel does not take it for now or is away."),
    breaker: breaker.describe(breakerText),
  })
  .prefault({});

/** Of all channels. */
export const sharedFailureSettings = z
  .strictObject({
    rules,
    retries: z
      .strictObject({ smppserver: retries, smppclient: retries })
      .prefault({})
      .describe("Retries in all, by the kind of channel; left out, no limit but the validity."),
    awayMs: awayMs
      .default(standardPolicy.awayMs)
      .describe("So long nobody is bound before what has another way takes it; 0 never."),
    breaker: breaker.describe(breakerText),
  })
  .prefault({});

type Shared = z.infer<typeof sharedFailureSettings>;

interface WithFailures {
  readonly failures: Shared;
  readonly channels: Readonly<
    Record<
      string,
      {
        readonly type: string;
        /** Left out where nothing can be refused: who fetches messages takes them. */
        readonly failures?: z.infer<typeof failureSettings>;
      }
    >
  >;
}

/** The policy of each channel: its own rules first, then those of all, then the standard ones. */
export function failurePolicies({
  failures: shared,
  channels,
}: WithFailures): ReadonlyMap<string, FailurePolicy> {
  const policies = new Map<string, FailurePolicy>();
  for (const [name, { type, failures: own }] of Object.entries(channels)) {
    if (own === undefined) continue;
    const { backup } = own;
    const module = type === "smpp-server" ? "smppserver" : "smppclient";
    policies.set(name, {
      rules: [...[...own.rules, ...shared.rules].map(ruleFrom), ...standardRules],
      retries: own.retries ?? shared.retries[module],
      awayMs: own.awayMs ?? shared.awayMs,
      backup: backup && { target: backup.to, trusted: backup.trusted, address: backup.address },
      breaker: own.breaker ?? shared.breaker,
    });
  }
  return policies;
}

function ruleFrom(written: z.infer<typeof rule>): FailureRule {
  const { on, againMs, againMostMs = Math.max(againMs, retryMostMs), place, pauseMs } = written;
  const { retries: limit, nextRoute } = written;
  return { on, retries: limit, nextRoute, againMs, againMostMs, place, pauseMs };
}
