/** A trigger that can be written without programming: what has to be known, and the files made of it. */
export interface Template {
  readonly name: string;
  /** One line of the list. */
  readonly summary: string;
  /** The first sentence of the file when no other is given. */
  readonly description: string;
  /** When it runs among others; left out: where the engine puts it. */
  readonly order?: number;
  readonly asks: readonly Ask[];
  /** What is wrong with the answers together. */
  fault?(given: Given): string | undefined;
  write(given: Given): Written;
}

export interface Written {
  readonly script: string;
  /** For `signalbox trigger test`. */
  readonly test: string;
  /** What has to be set elsewhere before it works, a sentence each. */
  readonly needs?: readonly string[];
}

/** One thing that has to be known. It is an option of the command line, and a question at a terminal. */
export interface Ask {
  /** `from` is the option `--from`. One name means the same in all templates. */
  readonly name: string;
  /** The question, without its question mark; the help of the option. */
  readonly what: string;
  readonly kind: Kind;
  /** Several values: the option may be repeated. */
  readonly many?: boolean;
  /** What it is when nothing is said. Left out: it must be said. */
  readonly preset?: string | readonly string[];
  /** For the message that tells that it is missing. */
  readonly example: string;
  /** Asked only when the answers so far make it matter. */
  readonly when?: (given: Given) => boolean;
}

export type Kind =
  /** Of signalbox.yaml; `customers`: that customers bind to, `provider`: that leads to one. */
  | { readonly is: "channel"; readonly leads: "customers" | "provider" | "anywhere" }
  /** One of `dataSources` of signalbox.yaml. */
  | { readonly is: "dataSource" }
  | { readonly is: "choice"; readonly of: readonly string[] }
  | { readonly is: "text" }
  | { readonly is: "count"; readonly most: number }
  /** `31612345678` or a name; what a message can come from or go to. */
  | { readonly is: "address" }
  /** A table or a column: it goes into SQL as it is. */
  | { readonly is: "identifier" }
  /** `KEY=VALUE`; `leads` says that the value is a channel. */
  | { readonly is: "pair"; readonly key: "word" | "prefix"; readonly channel?: true }
  | { readonly is: "word" }
  /** `22:00` */
  | { readonly is: "time" }
  | { readonly is: "zone" }
  | { readonly is: "cron" }
  | { readonly is: "url" };

/** What is known in the end: checked, and presets filled in. */
export interface Given {
  readonly name: string;
  readonly description: string;
  /** undefined: the script says nothing about it. */
  readonly order: number | undefined;
  one(ask: string): string;
  list(ask: string): readonly string[];
  count(ask: string): number;
  pairs(ask: string): readonly (readonly [key: string, value: string])[];
}

/** What of the conditions nearly all templates have. */
export function conditionsOf(
  { order }: Given,
  channels: readonly string[],
): (readonly [string, string | readonly string[]])[] {
  return [["channels", channels], ...(order === undefined ? [] : [["order", `${order}`] as const])];
}

/** The questions that several templates have. */
export const ASKS = {
  fromCustomers: {
    name: "from",
    what: "on which channels do customers send",
    kind: { is: "channel", leads: "customers" },
    many: true,
    example: "SMPP_SERVER1",
  },
  fromProvider: {
    name: "from",
    what: "on which channels do messages come from a provider",
    kind: { is: "channel", leads: "provider" },
    many: true,
    example: "SMPP1",
  },
  toProvider: {
    name: "to",
    what: "to which channel is it passed on",
    kind: { is: "channel", leads: "provider" },
    example: "SMPP1",
  },
  dataSource: {
    name: "data-source",
    what: "in which data source of signalbox.yaml is the table",
    kind: { is: "dataSource" },
    example: "customers",
  },
  table: {
    name: "table",
    what: "what is the table called",
    kind: { is: "identifier" },
    example: "users",
  },
} as const satisfies Record<string, Ask>;
