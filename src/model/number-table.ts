/**
 * A line of a number table: for which numbers it is, and where they go or what is known of them. Stored,
 * imported and exported in this form.
 */
export interface NumberTableEntry {
  /** Of the file that it came in, the first one 1. */
  readonly line: number;
  /**
   * The stretch of numbers that it is for, both ends included, as `src/route/stretch.ts` writes them;
   * `ofNetwork` twice for one that is for the numbers of a network.
   */
  readonly low: number;
  readonly high: number;
  /**
   * Of a stretch: the network that its numbers are in, whose lines say where they go. Else the network
   * whose numbers these are. Empty: none.
   */
  readonly network: string;
  /** A target as in a rule; empty in a line that names a network or blocks for all providers. */
  readonly provider: string;
  /** Units of `amount.ts` for one short message; undefined: not known. */
  readonly price: number | undefined;
  /** 0-100, the more the better; undefined: not known. */
  readonly quality: number | undefined;
  /** Its share among those that cost the same; 0: only when the others fail. */
  readonly weight: number;
  /** Whole seconds since 1970 UTC; 0: always. */
  readonly validFromS: number;
  /** Nothing goes there, by this provider or by any. */
  readonly blocked: boolean;
}

/** In the place of both ends of a stretch. */
export const ofNetwork = -1;

/** What holds for a whole table, kept with each of its versions. */
export interface NumberTableOptions {
  /** A provider of less quality is not taken; one whose quality is not known is. */
  readonly qualityMin: number;
  /**
   * False: the longest prefix decides for all, what is shorter is not looked at. True: each provider's
   * own longest prefix counts, as it is meant where each of them has a price list.
   */
  readonly perProvider: boolean;
}

export interface NumberTableVersion {
  readonly version: number;
  readonly entries: number;
  readonly options: NumberTableOptions;
  readonly atMs: number;
  readonly by: string;
  /** It is the one that is asked. */
  readonly runs: boolean;
}

/** What another version has that this one has not, and the other way round. */
export interface NumberTableDifference {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** The first few, by number. */
  readonly examples: readonly NumberTableChange[];
}

/** One line that is there in one of two versions only, or says something else in each. */
export interface NumberTableChange extends Pick<
  NumberTableEntry,
  "low" | "high" | "network" | "provider" | "validFromS"
> {
  readonly before: NumberTableFacts | null;
  readonly after: NumberTableFacts | null;
}

/** Units, null where it is not known. */
export interface NumberTableFacts {
  readonly price: number | null;
  readonly quality: number | null;
  readonly weight: number;
  readonly blocked: boolean;
}

/** As operators see it. */
export interface NumberTableView extends NumberTableVersion {
  readonly name: string;
  /** In memory. */
  readonly octets: number;
}

export interface NumberTableImportView {
  readonly name: string;
  /** undefined of a try. */
  readonly version: number | undefined;
  readonly entries: number;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** The first few of those: `316… SMPP1: 0.01 -> 0.02`. */
  readonly examples: readonly string[];
}

export interface NumberTableAnswerView {
  readonly candidates: readonly {
    readonly provider: string;
    readonly price: string | undefined;
    readonly quality: number | undefined;
    readonly why: string;
  }[];
  readonly passedOver: readonly { readonly target: string; readonly why: string }[];
  readonly blocked: string | undefined;
}

/** What may be the name of a table: it stands in rules as `table:NAME`. */
export const numberTableName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** The table of this name is asked before every other one: numbers that have changed their network. */
export const portedTable = "ported";
