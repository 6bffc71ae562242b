import { createInterface } from "node:readline";
import type { Command } from "commander";
import { clockTime, paint, suggest } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { signalled } from "./signalled.ts";
import { visible } from "./visible.ts";

/** A message as it is typed: `FROM TO TEXT`. */
export interface Typed {
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** What a kind of provider has of its own. */
export interface ProviderKind<Provider, Event> {
  start(watch: (event: Event) => void): Promise<Provider>;
  /** Where it listens, for `--json`. */
  place(provider: Provider): { readonly host: string; readonly port: number };
  address(provider: Provider): string;
  /** How a channel gets there, as a whole sentence. */
  readonly use: string;
  words(event: Event): string;
  /** An event for `--json`, without what nobody may see. */
  value(event: Event): object;
  /** What became of it is an event; rejects when there is nobody who could get it. */
  inject(provider: Provider, message: Typed): Promise<unknown>;
}

/** Runs a provider until Ctrl-C: its events are lines, and lines that are typed are messages from it. */
export async function runProvider<Provider extends { close(): Promise<void> }, Event>(
  command: Command,
  kind: ProviderKind<Provider, Event>,
): Promise<void> {
  const json = command.optsWithGlobals<GlobalOptions>().json === true;
  const asked = signalled();
  const provider = await kind.start((event) =>
    json ? line(kind.value(event)) : say(kind.words(event)),
  );
  if (json) line({ what: "listening", ...kind.place(provider) });
  else {
    say(`listens on ${kind.address(provider)}`);
    suggest(`${kind.use} Type FROM TO TEXT to send a message; Ctrl-C ends.`);
  }
  createInterface({ input: process.stdin }).on("line", (text) => {
    const typed = typedIn(text);
    if (typed !== undefined)
      kind.inject(provider, typed).catch((cause: unknown) => {
        say(cause instanceof Error ? cause.message : String(cause));
      });
    else if (text.trim() !== "")
      suggest("Type FROM TO TEXT, for example +15550001111 +15552223333 Hello");
  });
  await asked;
  await provider.close();
  process.stdin.destroy();
}

function typedIn(line: string): Typed | undefined {
  const [, from, to, text] = /^\s*(\S+)\s+(\S+)\s+(.+)$/.exec(line) ?? [];
  return from === undefined || to === undefined || text === undefined
    ? undefined
    : { from, to, text };
}

function say(text: string): void {
  process.stdout.write(`${paint("dim", clockTime(Date.now()))}  ${visible(text)}\n`);
}

/** With `--json` every event is a line of its own, since it never ends by itself. */
function line(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
