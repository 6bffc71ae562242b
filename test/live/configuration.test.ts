// The file and those who change it, without a gateway: the channels are a list of what was asked.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { load } from "../../src/config/load.ts";
import { GatewayError } from "../../src/model/error.ts";
import { openConfiguration } from "../../src/live/configuration.ts";
import { type Settings, settingsSchema } from "../../src/settings.ts";
import { recorderLog } from "../support/log.ts";

const text = (port: number) => `channels:\n  IN: { type: smpp-server, port: ${port} }\n`;

function portOf({ channels }: Pick<Settings, "channels">): number | undefined {
  const channel = channels["IN"];
  return channel?.type === "smpp-server" ? channel.port : undefined;
}

/** `started` is what the gateway was started with, `written` what the file says by then. */
async function opened(t: TestContext, given: { started?: string; written?: string } = {}) {
  const { started = text(1), written = started } = given;
  const folder = await mkdtemp(join(tmpdir(), "signalbox-configuration-"));
  const file = join(folder, "signalbox.yaml");
  await writeFile(file, started);
  const read = load({ path: file, schema: settingsSchema, env: {} });
  if ("faults" in read) assert.fail(JSON.stringify(read.faults));
  await writeFile(file, written);
  const ports: (number | undefined)[] = [];
  const waiting: (() => void)[] = [];
  const held: { until: Promise<void> | undefined } = { until: undefined };
  const configuration = await openConfiguration({
    file,
    base: folder,
    settings: read.settings,
    directory: join(folder, "kept"),
    env: {},
    channels: {
      plan: () => [],
      async change(channels) {
        await held.until;
        ports.push(portOf({ channels }));
        for (const look of waiting) look();
        return [];
      },
    },
    applied: () => undefined,
    async guard(settings) {
      if (portOf(settings) === 13) throw new GatewayError("bad_configuration", "13 is not allowed");
    },
    now: Date.now,
    log: recorderLog(),
  });
  t.after(async () => {
    await configuration.close();
    await rm(folder, { recursive: true, force: true });
  });
  const changes = (count: number) =>
    new Promise<void>((resolve) => {
      const look = (): void => {
        if (ports.length >= count) resolve();
      };
      waiting.push(look);
      look();
    });
  return { configuration, file, ports, held, changes };
}

test("a look at the file that was overtaken by a change takes nothing back", async (t) => {
  const { configuration, file, ports, held, changes } = await opened(t);
  let release = (): void => {};
  held.until = new Promise((resolve) => (release = resolve));
  const first = configuration.put(text(2), "ann");
  const second = configuration.put(text(3), "bob");
  // Longer than the file is looked at, so that a look has read the first text and waits for its turn.
  await new Promise((resolve) => setTimeout(resolve, 800));
  release();
  await Promise.all([first, second]);
  // What a person saves then is the next to come, after that look.
  await writeFile(file, text(4));
  await changes(3);
  assert.deepEqual(ports, [2, 3, 4]);
});

test("a file that was saved between its reading and the start is in force, too", async (t) => {
  const { ports, changes } = await opened(t, { written: text(5) });
  await changes(1);
  assert.deepEqual(ports, [5]);
});

test("what may not be is neither written nor in force, and of a file it is told as a fault", async (t) => {
  const { configuration, file, ports } = await opened(t);
  await assert.rejects(configuration.put(text(13), "ann"), { code: "bad_configuration" });
  assert.equal(await readFile(file, "utf8"), text(1));
  assert.deepEqual([ports, configuration.state().faults], [[], []]);
});

test("a file that cannot be written is told, and nothing has changed", async (t) => {
  const { configuration, file, ports } = await opened(t);
  await rm(join(file, ".."), { recursive: true });
  await assert.rejects(configuration.put(text(2), "ann"), { code: "config_unwritable" });
  assert.deepEqual(ports, []);
});
