// Kannel's own SMPP driver (drive_smpp of Debian's package kannel-extras, with the PDU code of bearerbox) as
// our provider: we bind to it, take what it delivers and hand it our messages. kannel.test.ts has Kannel as
// our customer. `.ci/run` installs it where Debian has it; elsewhere this says what is missing.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { freePort, until } from "../support/gateway-process.ts";
import { openTestChannel } from "../channel/host.ts";
import { handOver, outgoing } from "../channel/messages.ts";
import { sms } from "../smpp/messages.ts";

const program = "/usr/lib/kannel/test/drive_smpp";
const skip = !existsSync(program) && "drive_smpp is missing: apt-get install kannel-extras";

/** ms. */
const patienceMs = 30_000;
const count = 20;

/** The driver also plays Kannel's smsbox and ends unless it finds a bearerbox here; the port is fixed. */
const bearerboxPort = 13_001;

test(
  "[C01] [C02] [W15] Kannel as provider: all that it delivers comes in, all that we hand over is taken",
  { skip },
  async (t) => {
    const bearerbox = createServer((socket) => socket.on("error", () => {}).resume());
    const isFree = await new Promise((resolve) => {
      bearerbox.once("error", () => resolve(false));
      bearerbox.listen(bearerboxPort, "127.0.0.1", () => resolve(true));
    });
    if (isFree !== true) return t.skip(`port ${bearerboxPort}, which the driver needs, is taken`);
    const port = await freePort();
    const kannel = spawn(program, ["-v", "0", "-p", String(port), "-m", String(count)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [kannel.stdout, kannel.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    t.after(async () => {
      const ended = once(kannel, "exit");
      if (kannel.exitCode === null && kannel.kill("SIGKILL")) await ended;
      bearerbox.close();
    });

    // It knows no transceiver.
    const settings = {
      type: "smpp-client",
      host: "127.0.0.1",
      port,
      systemId: "foo",
      password: "bar",
      systemType: "VMA",
      reconnectMs: 100,
    };
    await using sender = await openTestChannel({ ...settings, bindType: "transmitter" });
    await sender.room();
    await using receiver = await openTestChannel({ ...settings, bindType: "receiver" });
    const isDelivered = async () => receiver.events.message.length >= count;
    assert.ok(await until(isDelivered, patienceMs), said);
    const answered = async () => said.split("deliver_sm_resp").length - 1 >= count;
    assert.ok(await until(answered, patienceMs), said);

    const texts = ["Hello", "A".repeat(160), "Hello again"];
    for (const text of texts) {
      const message = outgoing({ sms: sms({ octets: Buffer.from(text, "latin1") }) });
      const { kind } = await new Promise<{ readonly kind: string }>((done) =>
        handOver(sender.channel, message, done),
      );
      assert.equal(kind, "taken", said);
    }
    const isRead = async () => texts.every((text) => said.includes(`short_message = <${text}>`));
    assert.ok(await until(isRead, patienceMs), said);
    assert.doesNotMatch(said, /PANIC|Unhandled|unknown/);
  },
);
