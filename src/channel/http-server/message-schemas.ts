import { z } from "../../config/schema.ts";

/**
 * What customers send, in the words of the API. From here come the checks of requests, the types of the
 * code and the OpenAPI page.
 */

/** 255 parts of GSM 7-bit, the most that a header can count. */
const textMax = 39_015;

/** The same of octets, in base64. */
const dataMax = 47_600;

const moment = z
  .string()
  .max(35)
  .regex(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
    "a time of RFC 3339 such as 2026-01-31T09:30:00Z",
  );

/** What a customer calls his message. No quote and no backslash, by which it is found in the database. */
export const reference = z.string().regex(/^[A-Za-z0-9 ._:;,@#/+=*~!$%&()<>?|-]{1,100}$/);

export const newMessage = z
  .strictObject({
    to: z
      .string()
      .max(40)
      .regex(/^(\+|00)?[0-9][0-9 ().-]*$/)
      .describe("The phone: E.164 with `+` or `00`, or a short code. Spaces do not count."),
    from: z
      .string()
      .min(1)
      .max(21)
      .regex(/^[^\p{Cc}]+$/u)
      .optional()
      .describe("The sender: a number, or up to 11 letters."),
    text: z.string().max(textMax).optional().describe("The text; long ones go in parts."),
    data: z
      .string()
      .max(dataMax)
      .regex(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
      .optional()
      .describe("In place of `text`: octets in base64, as they go to the phone."),
    data_coding: z
      .int()
      .min(0)
      .max(255)
      .optional()
      .describe("How octets are to be read, 4 by default; a text is written so, or refused."),
    udh: z
      .string()
      .max(280)
      .regex(/^([0-9A-Fa-f]{2})+$/)
      .optional()
      .describe("With `data`: the user data header in hex, its length octet first."),
    client_reference: reference.optional().describe("What you call it; it can be found by it."),
    dlr: z
      .enum(["none", "final", "all"])
      .optional()
      .describe("Whether the network is asked what became of it: `final` by default."),
    callback_url: z
      .string()
      .max(2_048)
      .regex(/^https?:\/\/[\x21-\x7e]+$/i, "an http or https URL")
      .optional()
      .describe(
        "Where what becomes of it is told, as `dlr` says: `all` with the steps before, `none` not at all.",
      ),
    validity_period: z
      .int()
      .min(1)
      .max(30 * 86_400)
      .optional()
      .describe("Seconds after which it is given up; or `expire_at`."),
    expire_at: moment.optional().describe("When it is given up."),
    send_at: moment.optional().describe("When it is to go out; at once when left out."),
    priority: z.int().min(0).max(3).optional().describe("0, the default, to 3, the most urgent."),
    tlvs: z
      .record(
        z.string().regex(/^([a-z][a-z0-9_]{1,39}|0x[0-9a-fA-F]{4})$/),
        z.union([z.int().min(0).max(0xffff_ffff), z.string().max(512)]),
      )
      .optional()
      .describe(
        "Optional parameters of SMPP by name or tag: a number, a text, or octets as `0x` and hex.",
      ),
    mode: z
      .enum(["stored", "transaction", "datagram"])
      .optional()
      .describe(
        "`transaction`: the answer is the outcome. `datagram`: one try, at once or never. `stored` by default.",
      ),
    tags: z
      .array(z.string().regex(/^[A-Za-z0-9._:-]{1,40}$/))
      .max(10)
      .optional()
      .describe("Words that come back with the message."),
    dry_run: z
      .boolean()
      .optional()
      .describe("true: as POST /v1/messages:dry-run; nothing is stored or charged."),
  })
  .meta({
    title: "NewMessage",
    examples: [
      {
        to: "+31612345678",
        from: "Shop",
        text: "Your order is on its way.",
        client_reference: "order-17",
      },
    ],
  });

export type NewMessage = z.infer<typeof newMessage>;

export const accepted = z
  .strictObject({
    id: z.string().describe("By which it is read and cancelled; UUID, sortable by time."),
    status: z.literal("accepted").describe("It is stored."),
    parts: z.int().describe("Short messages that it is."),
    encoding: z.string().describe("`gsm7`, `ucs2`, `binary`, …"),
    cost: z.number().optional().describe("Credits that are held for it."),
    client_reference: z.string().optional(),
  })
  .meta({ title: "Accepted" });

export type Accepted = z.infer<typeof accepted>;

export const problem = z
  .strictObject({
    type: z.string().describe("Leads to what it means, `/v1/errors/<code>`."),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("What was wrong with this request."),
    instance: z.string().describe("Names this request in our trace."),
    code: z.string().describe("Never changes its meaning; for programs."),
    smpp_status: z.int().optional().describe("What an SMPP session would have heard."),
    field: z.string().optional().describe("Which part of the request is to blame."),
    retryable: z.boolean().describe("The same request may do later."),
  })
  .meta({ title: "Problem" });

export type Problem = z.infer<typeof problem>;
