// The watch with a disk of its own making, then PostgreSQL on a small tmpfs that is really full.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/model/clock.ts";
import type { Log } from "../../src/model/log.ts";
import { watchDisk } from "../../src/store/disk.ts";
import { openStore, storeDefaults } from "../../src/store/store.ts";
import { until } from "../support/gateway-process.ts";
import { type RecorderLog, recorderLog } from "../support/log.ts";
import { acceptance, child, codeOf, finish, hello, message, newId } from "./fixtures.ts";

const mib = 1_048_576;

/** A watch whose disk has what is said, and whose looks are made by hand. */
function watching(t: TestContext, freeMib: number) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const state = { freeMib, nowMs: 0, relieved: 0, fails: false };
  const log = recorderLog();
  const open = () =>
    watchDisk({
      path: "/x",
      minFreeMib: 100,
      log,
      tickMs: () => state.nowMs,
      relieve: async () => (state.relieved += 1),
      freeOctets: async () => {
        if (state.fails) throw new Error("no such file system");
        return state.freeMib * mib;
      },
    });
  return { state, log, open };
}

function told(log: RecorderLog): string[] {
  return log.lines.map(({ level, text }) => `${String(level)} ${String(text).split(":")[0]}`);
}

/** A look, and what follows from it. */
async function look(t: TestContext): Promise<void> {
  t.mock.timers.tick(1_000);
  await new Promise((resolve) => setImmediate(resolve));
}

test("a disk is low below minFreeMib and no longer 10 % above it; each is told once", async (t) => {
  const { state, log, open } = watching(t, 100);
  const disk = await open();
  assert.deepEqual(disk.view(), { path: "/x", freeMib: 100, minFreeMib: 100, low: false });
  const seen: boolean[] = [];
  for (const freeMib of [99.9, 100, 109.9, 98, 110, 100, 99]) {
    state.freeMib = freeMib;
    await look(t);
    seen.push(disk.low);
  }
  assert.deepEqual(seen, [true, true, true, true, false, false, true]);
  assert.deepEqual(told(log), [
    "error the disk is nearly full",
    "info the disk has room again",
    "error the disk is nearly full",
  ]);
  disk.close();
});

test("a disk that is low already is known before the first message", async (t) => {
  const { open } = watching(t, 5);
  const disk = await open();
  assert.equal(disk.low, true);
  disk.close();
});

test("the database is asked for room when it becomes low, and once a minute after", async (t) => {
  const { state, open } = watching(t, 5);
  const disk = await open();
  assert.equal(state.relieved, 1);
  for (const nowMs of [30_000, 59_999]) {
    state.nowMs = nowMs;
    await look(t);
  }
  assert.equal(state.relieved, 1);
  state.nowMs = 60_000;
  await look(t);
  assert.equal(state.relieved, 2);
  disk.close();
});

test("a disk that cannot be looked at changes nothing and is told once", async (t) => {
  const { state, log, open } = watching(t, 5);
  const disk = await open();
  state.fails = true;
  await look(t);
  await look(t);
  assert.equal(disk.low, true);
  assert.deepEqual(told(log).slice(1), ["warn the room on the disk cannot be seen"]);
  disk.close();
});

const small =
  process.getuid?.() === 0 && process.platform === "linux"
    ? {}
    : { skip: "mounting a tmpfs needs root on Linux" };

test(
  "on a disk that is full nothing is lost, what is new is refused, and it recovers",
  small,
  async (t) => {
    const place = await mkdtemp(join(tmpdir(), "signalbox-disk-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m,mode=0755", "tmpfs", place]);
    } catch {
      await rm(place, { recursive: true, force: true });
      t.skip("this machine does not let a tmpfs be mounted");
      return;
    }
    const log = recorderLog();
    const loud: Log = log;
    const ballast = join(place, "ballast");
    try {
      const store = await openStore({
        settings: { ...storeDefaults, dataDirectory: place, minFreeMib: 4 },
        log: loud,
        clock: systemClock,
        newId,
      });
      try {
        assert.equal(store.isDiskLow(), false);
        const kept = Array.from({ length: 20 }, () => acceptance());
        await Promise.all(kept.map((one) => store.writer.accept(one)));
        await fill(place, ballast);
        assert.equal(await until(async () => store.isDiskLow(), 20_000), true);
        assert.equal(store.facts().disk?.low, true);

        // Whoever does not ask whether it is low writes until there is no room at all.
        const big = { ...hello, octets: Buffer.alloc(60_000, 7) };
        let stored = 0;
        let refused = "";
        while (refused === "") {
          const one = message({ sms: big });
          const code = await codeOf(store.writer.record(one, "FAILED", "x"));
          if (code.startsWith("resolved")) stored += 1;
          else refused = code;
        }
        assert.ok(["queue_full", "database_unreachable"].includes(refused), refused);
        // A result is not given up: it is committed when there is room again.
        const first = kept[0];
        assert.ok(first);
        const done = store.writer.finish(finish(first));
        await rm(ballast);
        await done;
        assert.equal(await until(async () => !store.isDiskLow(), 20_000), true);
        const again = async () =>
          (await codeOf(store.writer.accept(acceptance()))) === 'resolved "accepted"';
        assert.equal(await until(again, 20_000), true);
        const sent = await store.messages.show(child(first).id);
        assert.equal(sent?.status, "SENT");
        const found = await store.messages.list({ all: true, limit: 1_000, status: "FAILED" });
        assert.equal(found.length, stored);
        assert.equal(told(log).filter((line) => line.includes("nearly full")).length, 1);
        assert.ok(told(log).includes("info the disk has room again"));
        t.diagnostic(told(log).join("; "));
        t.diagnostic(`refused with ${refused} after ${stored} big ones`);
      } finally {
        await store.close();
      }
    } finally {
      execFileSync("umount", ["-l", place]);
      await rm(place, { recursive: true, force: true });
    }
  },
);

/** Leaves a MiB, so that the gateway sees it as low and PostgreSQL soon as full. */
async function fill(place: string, ballast: string): Promise<void> {
  const { bavail, bsize } = await statfs(place);
  await writeFile(ballast, Buffer.alloc(bavail * bsize - mib));
}
