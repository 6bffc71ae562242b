/** What only a person at a terminal sees: questions, the bar of a long work, the watched status. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { confirm } from "../../cli/confirm.ts";
import { exitCodeOf, Refused } from "../../cli/failure.ts";
import { linesOf } from "../../cli/lines.ts";
import { createProgress } from "../../cli/progress.ts";
import { type Frame, watch } from "../../cli/watch.ts";

const warning = "12 messages in SMPP1 will be cancelled.";
const question = { warning, word: "SMPP1", named: "the name of the queue", yes: false };

/** A terminal that a person types this into; `seen` is what stood on it. */
function terminal(typed: string) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  let seen = "";
  output.setEncoding("utf8").on("data", (text: string) => (seen += text));
  input.write(typed);
  return { dialog: { input, output }, seen: () => seen };
}

test("a person is told what will be lost and types the name again", async () => {
  const { dialog, seen } = terminal(" SMPP1 \n");
  await confirm(question, dialog);
  assert.match(
    seen(),
    /12 messages in SMPP1 will be cancelled\. Type the name of the queue to go on:/,
  );
});

test("anything else, or Ctrl-C, changes nothing and exits 1", async () => {
  for (const typed of ["SMPP2\n", "yes\n", "\n", "\u0003"]) {
    const declined = await confirm(question, terminal(typed).dialog).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    assert.ok(declined instanceof Refused, JSON.stringify(typed));
    assert.equal(exitCodeOf(declined), 1);
  }
});

test("--yes asks nobody", async () => {
  const { dialog, seen } = terminal("");
  await confirm({ ...question, yes: true }, dialog);
  assert.equal(seen(), "");
});

/** A stream as a terminal of that width, and what was written to it. */
function screen(columns: number, rows: number) {
  const written: string[] = [];
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns, rows });
  stream.on("data", (chunk: Buffer) => written.push(chunk.toString("utf8")));
  const methods = { cursorTo: () => true, moveCursor: () => true, clearLine: () => true };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a terminal needs of it.
  return { stream: Object.assign(stream, methods) as unknown as NodeJS.WriteStream, written };
}

test("a bar tells behind the rest how it goes", () => {
  const { stream, written } = screen(100, 24);
  const progress = createProgress({}, { label: "load", unit: "s" }, stream);
  progress.at(1, 4, "500/s  p99 1.20 ms");
  progress.end();
  assert.match(written.join(""), /25 % {2}1 s of 4 s {2}500\/s {2}p99 1\.20 ms/);
});

test("a bar shows how far a work is, and only a sum while its end is not known", () => {
  const { stream, written } = screen(100, 24);
  const progress = createProgress({}, { label: "Backup", unit: "octets" }, stream);
  progress.at(1_048_576, undefined);
  progress.at(2_097_152, 4_194_304);
  progress.end();
  stream.end();
  const all = written.join("");
  assert.match(all, /Backup {2}1\.0 MiB(?! of)/);
  assert.match(all, /Backup {2}█{15}░{15} {2}50 % {2}2\.0 MiB of 4\.0 MiB/);
});

test("no bar is drawn for --json or where no terminal is", () => {
  const { stream, written } = screen(100, 24);
  const what = { label: "Backup", unit: "octets" };
  for (const progress of [
    createProgress({ json: true }, what, stream),
    createProgress({}, what, Object.assign(screen(1, 1).stream, { isTTY: false })),
  ]) {
    progress.at(1, 2);
    progress.end();
  }
  assert.deepEqual(written, []);
});

test("a watched status is drawn over the look before, cut to the screen, and its last look stays", async () => {
  const written: string[] = [];
  const ending = Promise.withResolvers<void>();
  const looks: Frame[] = [
    { text: "\u001b[31mnot running\u001b[0m", exitCode: 3 },
    { text: "a line that is too long\nsecond\nthird", exitCode: 5 },
  ];
  let n = 0;
  const exitCode = await watch(
    async () => {
      const frame = looks[n++];
      assert.ok(frame !== undefined);
      return frame;
    },
    {
      screen: {
        columns: 12,
        rows: 3,
        write(text) {
          written.push(text);
          if (text.includes("second")) ending.resolve();
        },
      },
      ended: ending.promise,
      lookMs: 1,
    },
  );
  assert.equal(exitCode, 5);
  assert.deepEqual(written, [
    "\u001b[?1049h\u001b[?25l",
    "\u001b[H\u001b[31mnot running\u001b[0m\u001b[K\u001b[J",
    "\u001b[Ha line that \u001b[K\nsecond\u001b[K\u001b[J",
    "\u001b[?25h\u001b[?1049la line that is too long\nsecond\nthird\n",
  ]);
});

test("a look that hangs does not hold up the end", async () => {
  const written: string[] = [];
  const exitCode = await watch(() => new Promise(() => undefined), {
    screen: { columns: 80, rows: 24, write: (text) => written.push(text) },
    ended: Promise.resolve(),
  });
  assert.equal(exitCode, 0);
  assert.equal(written.at(-1), "\u001b[?25h\u001b[?1049l\n");
});

test("lines of JSON are read however they are cut, and a line without end is refused", async () => {
  const octets = Buffer.from('{"text":"Grüße"}\n\n{"done":1}');
  for (let size = 1; size < octets.length; size++) {
    const chunks = async function* () {
      for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
    };
    assert.deepEqual(await allOf(linesOf(chunks())), [{ text: "Grüße" }, { done: 1 }]);
  }
  const endless = async function* () {
    for (;;) yield Buffer.alloc(16_384, "a");
  };
  await assert.rejects(allOf(linesOf(endless())), { code: "internal" });
});

async function allOf(lines: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const line of lines) all.push(line);
  return all;
}
