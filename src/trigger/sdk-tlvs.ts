import type { StandardTlvs, TlvValue } from "../model/tlv.ts";

/** Optional parameters as a handler sees them. Part of "signalbox". */

/**
 * The optional parameters (tag, length, value) of what came in, in their order. They go by their names
 * in SMPP, by those that `tlvs` of the channel declares, or by their tags; those that nobody has a name
 * for are octets.
 */
export interface Tlvs extends Iterable<Tlv> {
  /** How many there are, repeats included. */
  readonly size: number;
  /**
   * The first of that name: a number, a text without the NUL at its end, or octets, by its type.
   * undefined when there is none that can be read as that.
   */
  get<Name extends keyof StandardTlvs>(name: Name): StandardTlvs[Name] | undefined;
  /** The first of that tag, or of that name of the channel's own. */
  get(which: string | number): TlvValue | undefined;
  /** All of that name, in their order. */
  getAll<Name extends keyof StandardTlvs>(name: Name): readonly StandardTlvs[Name][];
  getAll(which: string | number): readonly TlvValue[];
}

/** One optional parameter. */
export interface Tlv {
  readonly tag: number;
  /** undefined when nobody knows it here. */
  readonly name: string | undefined;
  /** undefined when it cannot be read as what its name is. */
  readonly value: TlvValue | undefined;
  /** A copy, which may be written to. */
  readonly octets: Uint8Array;
}
