import { comment, constant, declared, page, quoted } from "./layout.ts";
import { dialogsTest } from "./dialogs-test.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";

export const dialogs: Template = {
  name: "dialogs",
  summary: "let phones answer whoever wrote to them, by a letter before the text",
  description: "Passes messages on to the provider, with a letter by which a phone can answer.",
  order: 20,
  asks: [
    ASKS.fromCustomers,
    ASKS.toProvider,
    {
      name: "refusal",
      what: "with which command_status is an answer refused that is for nobody",
      kind: { is: "choice", of: ["0x66", "0x65", "0x64"] },
      preset: "0x66",
      example: "0x66",
    },
  ],
  write(given) {
    const from = given.list("from");
    const provider = given.one("to");
    return {
      script: page(
        ['import { type ChannelSettings, type Message, onMessage, type Tools } from "signalbox";'],
        [
          ...comment("Its `dialogs`, `dialogMs` and `recipient` in signalbox.yaml say how."),
          ...constant("provider", quoted(provider)),
        ],
        [
          ...comment("Where those are whose number an answer is for, when it is for no letter."),
          ...constant("customers", quoted(from[0] ?? "")),
        ],
        [
          ...comment("The command_status for an answer that is for nobody."),
          `const refusal = ${given.one("refusal")};`,
        ],
        CONSTANTS,
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, from),
          handler: "async (message, tools)",
          body: OUT,
        }),
        declared({
          doc: "Passes a phone's answer on to whoever its letter stands for.",
          name: `${given.name}_ANSWER`,
          on: "onMessage",
          conditions: [["channels", [provider]]],
          handler: "async (message, tools)",
          body: BACK,
        }),
        HELPERS,
      ),
      test: dialogsTest({ provider, customers: from[0] ?? "", refusal: given.one("refusal") }),
      needs: [
        `Set dialogs: true for the channel ${provider}.`,
        `Set join: true for the channels ${[...from, provider].join(", ")}, so that long texts come whole.`,
        `Take away the triggers that pass messages on between ${from.join(", ")} and ${provider} (FWD and RECVFWD of the example): this one does their work.`,
      ],
    };
  },
};

const CONSTANTS = lines(`
/** A letter for each sender who is in touch with a phone. */
const letters = "abcdefghijklmnopqrstuvwxyz";

/** A message to more numbers than this is no dialog, and goes out without letters. */
const destinationsMax = 20;

/** How often a new letter is tried for when other messages of the same phone come in between. */
const triesMax = 50;

/** The same for the time at which a letter was used: the others have mostly kept it by then. */
const usesMax = 2;

const busy = "too many messages of this phone at once";

/** A letter by which a phone tells a sender from others. All of a phone are one entry of the kv. */
interface Binding {
  readonly letter: string;
  readonly sender: string;
  /** Where his answers go. */
  readonly channel: string;
  readonly account: string;
  /** The message that told the phone whose letter it is. */
  readonly toldBy: string;
  /** It is known that the phone got that message. */
  readonly told: boolean;
  /** Milliseconds since 1970 UTC, as all times. */
  readonly usedMs: number;
  readonly endsMs: number;
}
`);

const OUT = lines(`
const settings = await tools.channels.settings(provider);
const { destinations, part, text } = message;
if (settings?.dialogs !== true) return message.forward({ channel: provider });
// A part whose text is written anew is no part any more, and what is no text has no room.
if (text === undefined || part !== undefined || destinations.length > destinationsMax) {
  message.trace("no dialog: not a whole text, or to too many");
  return message.forward({ channel: provider });
}
for (const phone of destinations) await toPhone(message, phone, settings.dialogMs, tools);
`);

const BACK = lines(`
const settings = await tools.channels.settings(message.channel);
// Without dialogs the gateway has put the recipient into \`to\` already.
if (settings?.dialogs !== true) return toOwner(message, {}, tools);
return fromPhone(message, settings, tools);
`);

const HELPERS = lines(`
async function toPhone(message: Message, phone: string, dialogMs: number, tools: Tools) {
  const { channel, account = "", from: sender, root, text = "" } = message;
  const use = used(tools, dialogMs);
  let mine: Binding | undefined;
  let lost: Binding | undefined;
  const done = await change(phone, tools, async (open) => {
    const known = open.find(
      (one) => one.sender === sender && one.account === account && one.channel === channel,
    );
    const free = [...letters].find((letter) => open.every((one) => one.letter !== letter));
    lost = known === undefined && free === undefined ? longestUnused(open) : undefined;
    const letter = known?.letter ?? free ?? lost?.letter ?? "";
    const before = known === undefined ? undefined : await telling(known, phone, tools);
    const tell = before ?? { toldBy: root, told: false };
    mine = { letter, sender, channel, account, ...tell, ...use };
    const kept = open.filter((one) => one !== lost);
    return { next: withUsed(kept, mine), isNew: known === undefined };
  });
  if (!done || mine === undefined) return message.reject("try_later", busy);
  const { letter, toldBy } = mine;
  if (lost !== undefined) message.trace(\`letter \${letter} was of \${lost.sender} until now\`);
  const prefix = toldBy === root ? \`@\${letter}=\${sender}\` : \`@\${letter}\`;
  message.forward({ channel: provider, destination: phone, text: \`\${prefix} \${text}\` });
}

/** By which message the phone knows whose letter it is; undefined when none has reached it. */
async function telling(
  { toldBy, told }: Binding,
  phone: string,
  { messages }: Tools,
): Promise<Pick<Binding, "toldBy" | "told"> | undefined> {
  if (told) return { toldBy, told };
  const life = await messages.find({ root: toldBy });
  const out = life.find((one) => one.direction === "out" && keyOf(one.to) === keyOf(phone));
  if (out === undefined) return undefined;
  if (["NOTDELIVERED", "FAILED", "EXPIRED", "CANCELLED"].includes(out.status)) return undefined;
  return { toldBy, told: out.status === "DELIVERED" };
}

async function fromPhone(
  message: Message,
  { dialogMs, recipient }: ChannelSettings,
  tools: Tools,
): Promise<void> {
  const { from: phone, text = "" } = message;
  if (text.startsWith("@@ ")) {
    if (recipient === undefined) return message.reject(refusal, "there is no recipient");
    return toOwner(message, { to: recipient, text: text.slice(3) }, tools);
  }
  const [prefix = "", letter] = /^@([a-z])(?:: ?| )/i.exec(text) ?? [];
  const use = used(tools, dialogMs);
  let meant: Binding | undefined;
  let count = 0;
  await change(phone, tools, (open) => {
    count = open.length;
    const only = count === 1 ? open[0] : undefined;
    const named = open.find((one) => one.letter === letter?.toLowerCase());
    meant = letter === undefined ? only : named;
    const next = meant && withUsed(open, { ...meant, ...use });
    return { next, isNew: false };
  });
  if (meant !== undefined) {
    const { channel, account, sender } = meant;
    message.trace(\`letter \${meant.letter} is of \${sender}\`);
    const rest = prefix === "" ? {} : { text: text.slice(prefix.length) };
    return message.forward({ channel, account, to: sender, ...rest });
  }
  if (count === 0 && recipient !== undefined) return toOwner(message, { to: recipient }, tools);
  const why = letter === undefined ? "no letter" : \`nobody has the letter \${letter}\`;
  message.reject(refusal, \`\${why}, and \${count} who write to this phone\`);
}

/** Hands it to the customer whose number it is for. */
async function toOwner(
  message: Message,
  changes: { readonly to?: string; readonly text?: string },
  { accounts }: Tools,
): Promise<void> {
  const owner = await accounts.byNumber(changes.to ?? message.to);
  if (owner === undefined) return message.fail("Could not find a matching address range");
  message.forward({ channel: customers, account: owner.id, ...changes });
}

/**
 * Keeps what \`decide\` makes of the letters of a phone that have not ended. It decides anew when another
 * message of this phone has changed them meanwhile. false: too often, and a new letter is not kept.
 */
async function change(
  phone: string,
  { kv, now }: Tools,
  decide: (open: readonly Binding[]) => Decided | Promise<Decided>,
): Promise<boolean> {
  const dialogs = kv.shared("dialogs");
  for (let tries = 0; tries < triesMax; tries += 1) {
    const kept = await dialogs.get<readonly Binding[]>(keyOf(phone));
    const { next, isNew } = await decide((kept ?? []).filter(({ endsMs }) => endsMs > now()));
    if (next === undefined || (!isNew && tries >= usesMax)) return true;
    const ttlMs = Math.max(...next.map(({ endsMs }) => endsMs)) - now();
    if (await dialogs.compareAndSet(keyOf(phone), kept, next, { ttlMs })) return true;
  }
  return false;
}

interface Decided {
  /** undefined: as it is. */
  readonly next: readonly Binding[] | undefined;
  /** It has a letter that was not there before. */
  readonly isNew: boolean;
}

/** A customer and the network need not agree on the plus of a number. */
function keyOf(phone: string): string {
  return phone.replace(/^\\+/, "");
}

/** undefined: a later message has kept the same already, so that this one need not. */
function withUsed(open: readonly Binding[], mine: Binding): readonly Binding[] | undefined {
  const known = open.find(({ letter }) => letter === mine.letter);
  const isSame = known?.toldBy === mine.toldBy && known.told === mine.told;
  if (isSame && known.usedMs >= mine.usedMs) return undefined;
  return [...open.filter((one) => one !== known), mine];
}

function used({ now }: Tools, dialogMs: number): Pick<Binding, "usedMs" | "endsMs"> {
  return { usedMs: now(), endsMs: now() + dialogMs };
}

function longestUnused(open: readonly Binding[]): Binding | undefined {
  return open.toSorted((one, other) => one.usedMs - other.usedMs)[0];
}
`);

function lines(text: string): readonly string[] {
  return text.trim().split("\n");
}
