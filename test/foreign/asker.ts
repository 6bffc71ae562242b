import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createInterface } from "node:readline";
import { z } from "../../src/config/schema.ts";

const perl = spawnSync("perl", ["-MNet::SMPP", "-MJSON::PP", "-e", "1"]);

/** Why the tests that need Net::SMPP are left out; false when it is there. */
export const withoutPerl =
  perl.status !== 0 && "perl or Net::SMPP is missing: apt-get install libnet-smpp-perl";

/** What Net::SMPP is to do: a method of it and its fields; see asker.pl. */
export type Step = readonly [command: string, fields: Readonly<Record<string, unknown>>];

const told = z.record(z.string(), z.unknown());
const output = z.object({ steps: z.array(told), requests: z.array(told) });

/** What Net::SMPP got as answers, step by step, and what the peer asked of it meanwhile. */
export type AskerSaw = z.infer<typeof output>;

interface Asker {
  /** Of a provider: where it listens. */
  readonly port: Promise<number>;
  /** Resolves when it has done its steps, and, as a provider, its peer has unbound. */
  readonly saw: Promise<AskerSaw>;
}

/** Starts Net::SMPP as either side. It ends by itself after its steps, or after half a minute. */
export function asker(steps: readonly Step[], ...options: readonly string[]): Asker {
  const child = spawn("perl", [join(import.meta.dirname, "asker.pl"), ...options]);
  const lines: string[] = [];
  const first = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    first.resolve(Number(line));
  });
  const error = text(child.stderr);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stdin.end(JSON.stringify(steps));
  const saw = async (): Promise<AskerSaw> => {
    await ended;
    const last = lines.at(-1);
    if (child.exitCode !== 0 || last === undefined) throw new Error(`asker.pl: ${await error}`);
    return output.parse(JSON.parse(last));
  };
  return { port: first.promise, saw: saw() };
}
