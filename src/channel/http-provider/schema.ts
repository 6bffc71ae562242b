import { z } from "../../config/schema.ts";
import { ERRORS } from "../../model/error.ts";
import { BODY_FORMS } from "./body.ts";
import type { Tree } from "./template.ts";

const text = z.string().max(2_000);
const path = z.string().max(200);
const scalar = z.union([z.string().max(500), z.number(), z.boolean()]);

/** Errors of ours by which a provider's refusal may be known: those that a peer may hear. */
const refusals = Object.entries(ERRORS).flatMap(([code, { smpp }]) =>
  smpp === undefined ? [] : [code],
);

/** Entries of one table or list; the longest lists of a provider's states have fifty. */
const entriesMax = 500;

const tree: z.ZodType<Tree> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), text, z.array(tree), z.record(text, tree)]),
);

const fields = z.record(z.string().min(1).max(200), text);

const request = z.strictObject({
  method: z.enum(["POST", "GET", "PUT"]).default("POST"),
  path: text.default("").describe("Put behind the channel's `url`."),
  query: fields.default({}),
  headers: fields.default({}),
  body: z
    .strictObject({ json: tree, form: fields, xml: text, text })
    .partial()
    .refine((one) => Object.keys(one).length === 1, "must be one of json, form, xml and text")
    .optional(),
});

const pick = z.union([
  path,
  z.strictObject({
    at: path.default("").describe("Where it stands; the whole when left out."),
    matches: z.string().min(1).max(1_000).describe("A pattern; its first group is what counts."),
  }),
]);

const oneOf = <S extends z.ZodType>(one: S) =>
  z.union([one, z.array(one).min(1).max(entriesMax)]).transform((given) => [given].flat());

const when = z
  .strictObject({
    status: oneOf(z.union([z.int().min(100).max(599), z.string().regex(/^[1-5]xx$/)])),
    at: path,
    is: oneOf(scalar),
    matches: z.string().min(1).max(1_000),
  })
  .partial()
  .refine((one) => one.is === undefined || one.matches === undefined, "has both is and matches")
  .refine(
    (one) => one.at !== undefined || (one.is === undefined && one.matches === undefined),
    "says what something is, and not at which path",
  )
  .default({});

const answerRule = z.strictObject({
  when,
  outcome: z
    .enum(["taken", "temporary", "throttled", "permanent", "down"])
    .describe("`down`: the provider does not let us in, so nothing else is sent for a while."),
  id: pick.optional(),
  error: z
    .string()
    .refine((code) => refusals.includes(code), "must be an error of docs/errors.md with a status")
    .optional(),
  text: pick.optional(),
});

const reply = z
  .strictObject({
    status: z.int().min(200).max(299).default(200),
    type: z.string().max(100).default("text/plain; charset=utf-8"),
    body: text.default(""),
  })
  .prefault({});

const numberForm = z
  .enum(["international", "asReceived"])
  .default("asReceived")
  .describe("`international`: a bare number is E.164.");

const callback = {
  path: z.string().startsWith("/").max(200),
  methods: z
    .array(z.enum(["POST", "GET", "PUT"]))
    .min(1)
    .default(["POST"]),
  body: z.enum(BODY_FORMS).default("json"),
  list: path.optional().describe("Where the list of them is; one alone when left out."),
  when,
  from: pick.optional(),
  to: pick.optional(),
  numbers: numberForm,
  at: pick
    .optional()
    .describe("When it happened: RFC 3339, or seconds or milliseconds since 1970."),
  reply,
};

const auth = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("path") }),
  z.strictObject({ kind: z.literal("header"), name: z.string().min(1), is: text }),
  z.strictObject({ kind: z.literal("query"), name: z.string().min(1), is: text }),
  z.strictObject({
    kind: z.literal("hmac"),
    header: z.string().min(1),
    algorithm: z.enum(["sha256", "sha512", "sha1"]).default("sha256"),
    encoding: z.enum(["hex", "base64"]).default("hex"),
    prefix: z.string().max(50).default(""),
    over: text.default("{body}").describe("What is signed: `{body}`, `{timestamp}`, `{id}`."),
    timestamp: z.string().optional().describe("Header with the moment, no older than 5 minutes."),
    id: z.string().optional().describe("Header with an id that is signed, too."),
  }),
]);

export type CallbackAuth = z.infer<typeof auth>;

const example = z.strictObject({
  name: z.string().max(200),
  given: z
    .record(z.string(), scalar)
    .optional()
    .describe("Values that differ from those of the usual message; `text` or `data`."),
  request: z
    .strictObject({
      method: z.string().default("POST"),
      url: text,
      headers: fields.default({}),
      body: z.string().max(20_000).default(""),
    })
    .optional(),
  answer: z
    .strictObject({
      status: z.int(),
      headers: fields.default({}),
      body: z.string().max(20_000).default(""),
    })
    .optional(),
  outcome: z
    .strictObject({
      outcome: z.string(),
      id: z.string().optional(),
      status: z.int().optional(),
      text: z.string().optional(),
    })
    .optional(),
  callback: z
    .strictObject({
      method: z.string().default("POST"),
      url: text,
      headers: fields.default({}),
      body: z.string().max(20_000).default(""),
    })
    .optional(),
  tells: z.array(z.record(z.string(), scalar)).optional(),
});

/** A provider that is asked over HTTP, as a data file says it. */
export const providerSchema = z.strictObject({
  description: z.string().max(200).default(""),
  words: z
    .record(z.string(), z.record(z.string(), scalar))
    .default({})
    .describe("By the name of a value: what the provider writes instead of what we do."),
  values: z
    .array(z.string().regex(/^[A-Za-z]\w{0,39}$/))
    .max(50)
    .default([])
    .describe("Names that the channel's `values` must have."),
  send: request.describe("A text."),
  binary: request.optional().describe("What is no text; without it, such messages fail."),
  answer: z.strictObject({
    body: z.enum(BODY_FORMS).default("json"),
    rules: z.array(answerRule).min(1).max(entriesMax),
  }),
  callbacks: z
    .strictObject({
      auth: auth.default({ kind: "path" }),
      reports: z
        .strictObject({
          ...callback,
          id: pick,
          status: pick,
          states: z
            .record(z.string().max(200), z.string().regex(/^[A-Z_]{1,20}$/))
            .default({})
            .describe("The provider's word, in any case: that of a receipt, as DELIVRD."),
          error: pick.optional(),
        })
        .optional(),
      messages: z
        .strictObject({
          ...callback,
          from: pick,
          to: pick,
          id: pick.optional(),
          text: pick.optional(),
          data: pick.optional(),
          encoding: z.enum(["hex", "base64"]).default("hex").describe("Of `data` and `udh`."),
          udh: pick.optional(),
          dataCoding: pick.optional(),
        })
        .refine((one) => one.text !== undefined || one.data !== undefined, "needs text or data")
        .optional(),
    })
    .optional(),
  examples: z.array(example).max(100).default([]),
});

export type ProviderFile = z.infer<typeof providerSchema>;
export type RequestTemplate = ProviderFile["send"];
export type AnswerRule = ProviderFile["answer"]["rules"][number];
export type Callbacks = NonNullable<ProviderFile["callbacks"]>;
export type ReportsRule = NonNullable<Callbacks["reports"]>;
export type MessagesRule = NonNullable<Callbacks["messages"]>;
export type Example = ProviderFile["examples"][number];
export type PickRule = z.infer<typeof pick>;
export type WhenRule = z.infer<typeof when>;
