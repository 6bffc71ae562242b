import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { KvEntryView } from "../src/model/kv-view.ts";
import { WrongArguments } from "./failure.ts";
import { ask } from "./gateway.ts";
import { age, answer, dateTime, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { kvPageShape } from "./views.ts";

/** Where the triggers of the template `dialogs` keep the letters: an entry for each phone. */
const namespace = "shared:dialogs";

const limitUsual = 100;
const limitMax = 1_000;

/** What the triggers keep of a letter; somebody's own triggers may keep more. */
const bindings = z.array(
  z.object({
    letter: z.string(),
    sender: z.string(),
    channel: z.string(),
    account: z.string(),
    usedMs: z.number(),
    endsMs: z.number(),
  }),
);

type Binding = z.infer<typeof bindings>[number] & { readonly phone: string };

/** `signalbox dialog …` */
export function addDialog(program: Command): void {
  const dialog = program.command("dialog").description("which phones can answer whom");
  dialog
    .command("list")
    .description("show by which letter a phone can answer whom, see docs/dialogs.md")
    .argument("[phone]", "only numbers that begin so, with or without their +", "")
    .option("--after <phone>", "only numbers above this one: the last of the page before", "")
    .option("--limit <number>", `how many phones at most, up to ${limitMax}`, String(limitUsual))
    .action(async (phone: string, own: ListOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const limit = Number(own.limit);
      if (!Number.isInteger(limit) || limit < 1 || limit > limitMax)
        throw new WrongArguments(`--limit must be a whole number from 1 to ${limitMax}`);
      const query = { namespace, prefix: keyOf(phone), after: keyOf(own.after), limit };
      const path = "/v1/kv/entries";
      const page = await ask(options, { method: "GET", path, query, shape: kvPageShape });
      const nowMs = Date.now();
      const dialogs = page.entries.flatMap(bindingsOf).filter(({ endsMs }) => endsMs > nowMs);
      const next =
        page.next === undefined
          ? "End those of a phone: signalbox kv delete shared:dialogs <phone>"
          : `There are more: signalbox dialog list ${phone} --after ${page.next}`;
      answer(options, { dialogs, next: page.next }, () => listed(dialogs, nowMs), next);
    });
}

interface ListOptions {
  readonly after: string;
  readonly limit: string;
}

/** As the triggers write a number: what stands there is the same with its plus and without it. */
function keyOf(phone: string): string {
  return phone.replace(/^\+/, "");
}

/** None of an entry that is no such list: scripts keep what they like. */
function bindingsOf({ key, value }: KvEntryView): readonly Binding[] {
  const read = bindings.safeParse(value);
  const all = read.success ? read.data.map((one) => ({ phone: key, ...one })) : [];
  return all.toSorted((one, other) => (one.letter < other.letter ? -1 : 1));
}

function listed(dialogs: readonly Binding[], nowMs: number): string {
  if (dialogs.length === 0) return "No phone has a letter for anybody.";
  return table(
    ["phone", "letter", "sender", "account", "channel", "used", "until"],
    dialogs.map((one) => [
      one.phone,
      one.letter,
      one.sender,
      one.account,
      one.channel,
      age(one.usedMs, nowMs),
      dateTime(one.endsMs),
    ]),
  );
}
