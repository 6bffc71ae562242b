/**
 * Goal: a disk that fills up stops new messages and nothing else. Method: a small file system in memory
 * as the data directory, which a ballast fills up to `minFreeMib` and then to the last octet. Needs root
 * and mount (Linux).
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { until } from "../support/gateway-process.ts";
import { startCountingProvider, startSite } from "../support/site.ts";
import { patienceMs } from "./limits.ts";

const diskMib = 400;
const minFreeMib = 100;
const mib = 1_048_576;

/** 0x14 ESME_RMSGQFUL. */
const queueFull = 0x14;

test("a full disk: binds stay, submits get 0x14, nothing accepted is lost, and it goes on when there is room", async (context) => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "signalbox-disk-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const mounted = spawnSync("mount", [
    "-t",
    "tmpfs",
    `-osize=${diskMib}m,mode=0755`,
    "signalbox-test",
    folder,
  ]);
  if (mounted.status !== 0) {
    context.skip("needs root and mount");
    return;
  }
  stack.defer(() => void execFileSync("umount", ["--lazy", folder]));

  const counting = stack.use(await startCountingProvider());
  const { gateway, port } = stack.use(
    await startSite({
      providerPort: counting.provider.port,
      dataDirectory: join(folder, "data"),
      settings: { retention: { minFreeMib } },
    }),
  );
  await gateway.untilUp();
  const esme = stack.use(
    await connectEsme({ host: "127.0.0.1", port, systemId: "Test1", password: "Pwd1" }),
  );
  const accepted = new Set<string>();
  let next = 0;
  const submit = async (): Promise<number | undefined> => {
    const text = `disk ${(next += 1)}`;
    const { status } = await esme.submit({ from: "+31201234567", to: "+31612345678", text });
    if (status === 0) accepted.add(text);
    return status;
  };
  const answerIs = (wanted: number): Promise<boolean> =>
    until(async () => (await submit()) === wanted, patienceMs);
  assert.ok(await answerIs(0));

  const ballast = join(folder, "ballast");
  await fill(ballast, minFreeMib / 2);
  assert.ok(await answerIs(queueFull), "nearly full: refused");
  assert.equal(esme.session.state, "bound_trx", "the session stays");
  await rm(ballast);
  assert.ok(await answerIs(0), "room again: accepted");

  await fill(ballast, 0);
  assert.ok(await answerIs(queueFull), "full to the last octet: refused");
  assert.equal(esme.session.state, "bound_trx", "the session stays");
  await rm(ballast);
  assert.ok(await answerIs(0), `room again: accepted\n${gateway.output()}`);
  const isPassedOn = async (): Promise<boolean> =>
    [...accepted].every((text) => counting.received.has(text));
  assert.ok(await until(isPassedOn, patienceMs), "what was accepted is passed on");

  async function fill(file: string, leaveMib: number): Promise<void> {
    await using handle = await open(file, "w");
    const chunk = Buffer.alloc(mib);
    try {
      for (;;) {
        const { bavail, bsize } = await statfs(folder);
        if ((bavail * bsize) / mib <= leaveMib) return;
        await handle.write(chunk);
      }
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    }
  }
});
