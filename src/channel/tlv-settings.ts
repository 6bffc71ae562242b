import { z } from "../config/schema.ts";
import type { Tlv } from "../model/message.ts";
import {
  type ChannelTlvs,
  type TlvDefinition,
  type TlvType,
  fits,
  standardTlv,
  standardTlvNamed,
} from "../model/tlv.ts";

/** Octets of a text or of octets that says nothing else: what a field of a billing system has. */
const octetsMaxDefault = 255;

/** A provider's handbook lists ten at most. */
const declaredMax = 64;

/** Octets of the types that have a length of their own. */
const INTEGERS: Readonly<Partial<Record<TlvType, number>>> = { int8: 1, int16: 2, int32: 4 };

const declaration = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/)
      .refine((name) => standardTlvNamed(name) === undefined, {
        message: "this is the name of a parameter of SMPP, which is known without being declared",
      })
      .describe("What scripts call it: letters, digits and `_`, 64 at most."),
    tag: z
      .int()
      .min(1)
      .max(0xffff)
      .refine((tag) => standardTlv(tag) === undefined, {
        message: "this is the tag of a parameter of SMPP, which is known without being declared",
      })
      .describe("Its number, as `0x1401` or in decimal; a vendor's own are 0x1400 to 0x3FFF."),
    type: z
      .enum(["string", "cstring", "octets", "int8", "int16", "int32"])
      .describe(
        "How scripts see it: `string` is text, `cstring` text with a NUL at its end, `int8`, `int16` and `int32` a number of 1, 2 and 4 octets.",
      ),
    octetsMax: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .meta({ unit: "octets" })
      .describe(
        `The longest text or octets that it may hold, the NUL of a cstring included; ${octetsMaxDefault} by default.`,
      ),
  })
  .refine(({ type, octetsMax }) => octetsMax === undefined || INTEGERS[type] === undefined, {
    path: ["octetsMax"],
    message: "the length of a number is told by its type",
  });

/** What every SMPP channel has. */
export const tlvSettings = {
  tlvs: z
    .array(declaration)
    .max(declaredMax)
    .superRefine((all, context) => {
      for (const key of ["name", "tag"] as const) {
        const seen = new Set<string | number>();
        for (const [at, one] of all.entries()) {
          if (seen.has(one[key]))
            context.addIssue({
              code: "custom",
              path: [at, key],
              message: `another entry has this ${key}`,
            });
          seen.add(one[key]);
        }
      }
    })
    .default([])
    .describe(
      "Optional parameters that the peer of this channel has made up, such as a billing code. One of a customer's that is longer is refused with 0xC2.",
    ),
  passTlvs: z
    .enum(["all", "declared", "none"])
    .default("all")
    .describe(
      "Which optional parameters of a message that came in go on over this channel: all, also unknown ones; those of SMPP and of `tlvs`; or none. What a script sets goes in any case, nothing to a peer of version 3.3.",
    ),
};

export interface TlvSettings {
  readonly tlvs: readonly z.infer<typeof declaration>[];
  readonly passTlvs: ChannelTlvs["pass"];
}

const known = new WeakMap<TlvSettings, { readonly tlvs: ChannelTlvs | undefined }>();

/**
 * What the settings of a channel say about them; undefined where it is as with all others. Asked for
 * with each message that has some, so it is made once.
 */
export function tlvsOf(settings: TlvSettings): ChannelTlvs | undefined {
  let found = known.get(settings);
  if (found === undefined) {
    found = { tlvs: channelTlvs(settings) };
    known.set(settings, found);
  }
  return found.tlvs;
}

/** Has each of them that the channel declares a length that it may have? */
export function fitDeclared(tlvs: readonly Tlv[], settings: TlvSettings): boolean {
  const declared = tlvsOf(settings)?.declared;
  return declared === undefined || tlvs.every((tlv) => fits(tlv.octets, declared.get(tlv.tag)));
}

function channelTlvs({ tlvs, passTlvs }: TlvSettings): ChannelTlvs | undefined {
  if (tlvs.length === 0 && passTlvs === "all") return undefined;
  const declared = tlvs.map(
    ({ name, tag, type, octetsMax = octetsMaxDefault }): [number, TlvDefinition] => {
      const octets = INTEGERS[type];
      return [tag, { name, tag, type, least: octets ?? 0, most: octets ?? octetsMax }];
    },
  );
  return { declared: new Map(declared), pass: passTlvs };
}
