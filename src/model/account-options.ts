import { allowListFrom } from "./allow-list.ts";
import { allowedSendersFrom } from "./allowed-senders.ts";
import { parseAmount } from "./amount.ts";
import { GatewayError } from "./error.ts";
import { type MessageIdForm, idInForm, idTimeMs } from "./id.ts";
import { ratesFrom } from "./rate.ts";
import { standardTemplate, templateFrom } from "./receipt-template.ts";
import { isShortable, shortOf } from "./short-id.ts";

/** What a customer may have otherwise than others: what he may do, and what he is told of his messages. */
export interface AccountOptions {
  /** How the ids of messages are written that he is given at a submit. */
  readonly messageIdForm: MessageIdForm;
  /** The text of a receipt; see `receipt-template.ts`. */
  readonly receiptTemplate: string;
  /** `YYMMDDhhmm`, `YYMMDDhhmmss`, `YYYYMMDDhhmmss`, or seconds since 1970; all in UTC. */
  readonly receiptDates: "minute" | "second" | "year4" | "unix";
  /** `auto`: to sessions of SMPP 3.4 and later; those of 3.3 know none. */
  readonly receiptTlvs: "auto" | "never";
  /** data_sm goes to sessions of 3.4 and later; others get a deliver_sm. */
  readonly receiptAs: "deliver_sm" | "data_sm";
  /** Of a message that nobody knows about: a receipt that says UNKNOWN, or none. */
  readonly receiptNoReport: "send" | "omit";
  /** Milliseconds that a receipt waits for him while he is away or refuses it for now. */
  readonly receiptKeepMs: number;
  /** How fast he may send, over all his sessions, as in `rate.ts`; empty: as he likes. */
  readonly rate: string;
  /** Sessions at a time, over all channels; 0: any number. */
  readonly bindsMax: number;
  /** Where he may bind from, as in `allow-list.ts`; empty: anywhere. */
  readonly allowFrom: string;
  /** Whom he may send as, as in `allowed-senders.ts`; empty: as anyone. */
  readonly senders: string;
  /** `disabled`: nobody binds as him, and nothing new is taken from those who are bound. */
  readonly access: "enabled" | "disabled";
  /** Where his messages go that no rule takes: a target as in docs/routes.md; empty: the default for all. */
  readonly route: string;
  /** Of a message that could not be sent: its credits come back, or stay paid. */
  readonly refunds: "unsent" | "never";
  /** Triggers are told once when his balance falls below it, in credits; empty: never. */
  readonly lowBalance: string;
}

export type OptionName = keyof AccountOptions;

/** The options of an account as they are kept, with the forms that its ids had before. */
export interface KeptOptions extends AccountOptions {
  /** Oldest first. An id that was made before `untilMs` was given in this form. */
  readonly idFormsBefore: readonly { readonly form: MessageIdForm; readonly untilMs: number }[];
}

interface Option<Value> {
  readonly standard: Value;
  /** Throws `bad_request` that names the option and what it may be. */
  readonly read: (text: string) => Value;
}

const minuteMs = 60_000;

/** ms. He may be away for a weekend. */
const receiptKeepMsDefault = 72 * 60 * minuteMs;

/** ms. Two weeks; a receipt that waits keeps the day of its message from being dropped. */
const receiptKeepMsMax = 14 * 24 * 60 * minuteMs;

const OPTIONS: { readonly [Name in OptionName]: Option<AccountOptions[Name]> } = {
  messageIdForm: oneOf("messageIdForm", ["uuid", "hex32", "decimal", "short"]),
  receiptTemplate: { standard: standardTemplate, read: template },
  receiptDates: oneOf("receiptDates", ["minute", "second", "year4", "unix"]),
  receiptTlvs: oneOf("receiptTlvs", ["auto", "never"]),
  receiptAs: oneOf("receiptAs", ["deliver_sm", "data_sm"]),
  receiptNoReport: oneOf("receiptNoReport", ["send", "omit"]),
  receiptKeepMs: milliseconds("receiptKeepMs", receiptKeepMsDefault, receiptKeepMsMax),
  rate: { standard: "", read: checkedBy("rate", ratesFrom) },
  bindsMax: { standard: 0, read: bindsFrom },
  allowFrom: { standard: "", read: checkedBy("allowFrom", allowListFrom) },
  senders: { standard: "", read: checkedBy("senders", allowedSendersFrom) },
  access: oneOf("access", ["enabled", "disabled"]),
  route: { standard: "", read: targetText },
  refunds: oneOf("refunds", ["unsent", "never"]),
  lowBalance: { standard: "", read: checkedBy("lowBalance", parseAmount) },
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys loses the keys' type.
export const optionNames = Object.keys(OPTIONS) as readonly OptionName[];

export const standardOptions: KeptOptions = {
  messageIdForm: OPTIONS.messageIdForm.standard,
  receiptTemplate: OPTIONS.receiptTemplate.standard,
  receiptDates: OPTIONS.receiptDates.standard,
  receiptTlvs: OPTIONS.receiptTlvs.standard,
  receiptAs: OPTIONS.receiptAs.standard,
  receiptNoReport: OPTIONS.receiptNoReport.standard,
  receiptKeepMs: OPTIONS.receiptKeepMs.standard,
  rate: OPTIONS.rate.standard,
  bindsMax: OPTIONS.bindsMax.standard,
  allowFrom: OPTIONS.allowFrom.standard,
  senders: OPTIONS.senders.standard,
  access: OPTIONS.access.standard,
  route: OPTIONS.route.standard,
  refunds: OPTIONS.refunds.standard,
  lowBalance: OPTIONS.lowBalance.standard,
  idFormsBefore: [],
};

/** What an operator sets, as he writes it; an empty text takes the option back to its standard. */
export type OptionChanges = Readonly<Record<string, string>>;

/** Former forms of ids that are remembered; nobody changes it more often in the time of a report. */
const idFormsBeforeMax = 20;

/**
 * The options after these changes. `fromMs`: ids that are made from then on have the new form. Throws
 * one `bad_request` that tells of everything that cannot be; then nothing counts.
 */
export function changedOptions(
  options: KeptOptions,
  changes: OptionChanges,
  fromMs: number,
): KeptOptions {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(changes)) {
    if (!isName(name)) {
      faults.push(`There is no option ${name}; there are ${optionNames.join(", ")}.`);
      continue;
    }
    try {
      values[name] = text === "" ? OPTIONS[name].standard : OPTIONS[name].read(text);
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      faults.push(cause.message);
    }
  }
  if (faults.length > 0) throw new GatewayError("bad_request", faults.join(" "));
  const next: KeptOptions = { ...options, ...values };
  if (next.messageIdForm === options.messageIdForm) return next;
  const before = [...options.idFormsBefore, { form: options.messageIdForm, untilMs: fromMs }];
  return { ...next, idFormsBefore: before.slice(-idFormsBeforeMax) };
}

/** What differs from the standard, as JSON, for the database. */
export function keptText(options: KeptOptions): string {
  const { idFormsBefore, ...values } = options;
  const kept = Object.fromEntries(
    Object.entries(values).filter(([name, value]) => !isStandard(name, value)),
  );
  return JSON.stringify(idFormsBefore.length === 0 ? kept : { ...kept, idFormsBefore });
}

/** The options out of the database; an option of a later version that was taken back is left out. */
export function optionsFrom(text: string): KeptOptions {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only keptText writes it.
  const kept = JSON.parse(text) as Partial<KeptOptions>;
  return { ...standardOptions, ...kept };
}

/**
 * Is a message of this customer to have an id of eight digits? His account says so or, where it says
 * nothing, he is bound with SMPP 3.3, which has no room for more.
 */
export function wantsShortId({ messageIdForm }: AccountOptions, version: number): boolean {
  return messageIdForm === "short" || (version < version34 && messageIdForm === "uuid");
}

/** interface_version from which a message_id may have 64 characters (SMPP v3.4 §5.2.23). */
const version34 = 0x34;

/** The id by which this customer knows the message: as it was given to him at the submit. */
export function messageIdFor(id: string, options: KeptOptions): string {
  const { messageIdForm, idFormsBefore } = options;
  if (isShortable(id)) return shortOf(id);
  if (messageIdForm === "uuid" && idFormsBefore.length === 0) return id;
  const madeMs = idTimeMs(id);
  const then = idFormsBefore.find(({ untilMs }) => madeMs < untilMs);
  return idInForm(id, then?.form ?? messageIdForm);
}

/** The options that a person is shown. */
export function shownOptions({ idFormsBefore: _before, ...shown }: KeptOptions): AccountOptions {
  return shown;
}

function isName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function isStandard(name: string, value: unknown): boolean {
  return isName(name) && OPTIONS[name].standard === value;
}

function oneOf<Value extends string>(
  name: OptionName,
  values: readonly [Value, ...Value[]],
): Option<Value> {
  const read = (text: string): Value => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw new GatewayError("bad_request", `${name} is one of ${values.join(", ")}, not "${text}".`);
  };
  return { standard: values[0], read };
}

/** A text that stays as it was written, if it can be read. */
function checkedBy(name: OptionName, read: (text: string) => unknown): (text: string) => string {
  return (text) => {
    try {
      read(text);
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      throw new GatewayError("bad_request", `${name}: ${cause.message}`);
    }
    return text.trim();
  };
}

/** More sessions than a listener takes by default help nobody. */
const bindsMost = 10_000;

function bindsFrom(text: string): number {
  const binds = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (binds <= bindsMost) return binds;
  const why = `bindsMax is a number of sessions from 0 to ${bindsMost}, not "${text}".`;
  throw new GatewayError("bad_request", why);
}

const targetForm = /^[A-Za-z][\w-]*(?:[/:][^\s{}]{1,64})?$/;

/** Whether there is such a target is known when a message asks: channels come and go. */
function targetText(text: string): string {
  if (text.length <= 100 && targetForm.test(text)) return text;
  const why = `route is a target such as SMPP1, group/NAME or table:NAME, not "${text}".`;
  throw new GatewayError("bad_request", why);
}

function template(text: string): string {
  templateFrom(text);
  return text;
}

function milliseconds(name: OptionName, standard: number, most: number): Option<number> {
  const read = (text: string): number => {
    const ms = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (ms >= minuteMs && ms <= most) return ms;
    const why = `${name} is a time in milliseconds from ${minuteMs} to ${most}, not "${text}".`;
    throw new GatewayError("bad_request", why);
  };
  return { standard, read };
}
