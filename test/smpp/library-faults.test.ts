/**
 * What was found wrong with the npm package `smpp` 0.5.1 (severity A and B would have reached users), and
 * the tests that hold our own code to the right thing. A test of this file makes sure that each of them is
 * there under its name; the faults that no other test is about have theirs here.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openWire } from "../../src/conformance/wire.ts";
import { systemClock } from "../../src/model/clock.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import { openSession } from "../../src/smpp/session.ts";
import { openTestChannel } from "../channel/host.ts";
import { BIND_TRX, sockets } from "./peer.ts";

const ROOT = join(import.meta.dirname, "../..");
const here = "test/smpp/library-faults.test.ts";

interface Fault {
  readonly fault: string;
  /** Files and the names of tests in them. */
  readonly proofs: readonly (readonly [file: string, name: string])[];
}

const smsc = "test/smpp/session-smsc.test.ts";
const esme = "test/smpp/session-esme.test.ts";
const message = "test/smpp/short-message.test.ts";

/** By number, as in the list of faults. */
const FAULTS: Readonly<Record<number, Fault>> = {
  1: {
    fault: "after a PDU that cannot be decoded the session never reads again",
    proofs: [
      [smsc, "a sound header with a broken body gets the fitting status and the session goes on"],
    ],
  },
  2: {
    fault: "one client with `GET / HTTP/1.0` kills the whole server",
    proofs: [[here, "a browser or a proxy at our port ends its own connection and no other"]],
  },
  3: {
    fault: "a throw in a listener or a callback wedges the session",
    proofs: [
      [smsc, "a throw in the owner is answered 0x08, told, and wedges nothing"],
      [esme, "is told and the rest of the octets is still read"],
    ],
  },
  4: {
    fault: "no lower bound of command_length: the stream is lost, or waits for ever",
    proofs: [[smsc, "gets generic_nack 0x02 at its 4th octet and the end"]],
  },
  5: {
    fault: "no back-pressure: what a peer does not read fills memory",
    proofs: [
      [esme, "our requests stop while the peer does not read, before its answers would"],
      [smsc, "a peer that sends and does not read is closed when the write buffer is full"],
    ],
  },
  6: {
    fault: "requests in flight are never settled when the connection closes",
    proofs: [
      [esme, "when the connection ends all that is outstanding is settled, then the owner is told"],
    ],
  },
  7: {
    fault:
      "no response time-out, no inactivity, session init or connect timer, no limit of connections",
    proofs: [
      [smsc, "a half-open peer is found by enquire_link and closed"],
      [smsc, "without messages it ends by inactivityMs"],
      [smsc, "a connection that does not bind in time is closed"],
      [esme, "an answer after its time is counted as late; the link itself stays"],
    ],
  },
  8: {
    fault: "enquire_link by itself only as client, before the bind, whatever the traffic",
    proofs: [
      [
        "test/smpp/timers.test.ts",
        "a connection that asks for no bind is closed after sessionInitMs",
      ],
      ["test/smpp/timers.test.ts", "traffic within enquireLinkMs puts the question off"],
    ],
  },
  9: {
    fault: "no session state: a message is answered before any bind",
    proofs: [[smsc, "what is illegal in a state is answered 0x04"]],
  },
  10: {
    fault: "Nagle is left on, so that a second PDU waits 40 ms",
    proofs: [[here, "a session writes without the delay that gathers small segments"]],
  },
  11: {
    fault: "an answer is matched by its number alone, whatever its command",
    proofs: [[esme, "an answer must fit its request: another command or number is stray"]],
  },
  12: {
    fault: "a request that cannot be encoded leaks, and a number in use is given again",
    proofs: [
      [esme, "what is illegal in this state or cannot be written is thrown and takes no room"],
      ["test/smpp/window.test.ts", "a number of a request in flight is not given twice"],
    ],
  },
  13: {
    fault: "no window in either direction",
    proofs: [
      [esme, "the window counts down and refuses what is above it"],
      [smsc, "at peerRequestsMax a message is refused with 0x58, while enquire_link is answered"],
    ],
  },
  14: {
    fault: "texts have no longest length, a NUL shifts the fields behind it, bit 7 is lost",
    proofs: [
      [
        message,
        "what the wire cannot carry is refused by field, and never shifts the fields behind it",
      ],
      [message, "each field that is too long has its own status"],
      [message, "octets above 0x7f in an address survive both ways"],
    ],
  },
  15: {
    fault: "a text in a TLV is read past its length into the next",
    proofs: [
      [
        "test/smpp/receipt.test.ts",
        "the TLVs go before the text, with or without the NUL of the id",
      ],
    ],
  },
  16: {
    fault: "lengths of TLVs and texts are not held against the PDU",
    proofs: [
      [message, "TLVs that are cut short, twice a payload, or payload beside text are refused"],
      [message, "sm_length 255 is refused as too long, one above what is there as a bad length"],
      ["test/smpp/submit-rules.test.ts", "a known TLV of wrong length is refused with 0xC2"],
    ],
  },
  17: {
    fault: "a vendor's TLVs are dropped when written, and only the last of several is read",
    proofs: [[message, "repeats, unknown and vendor's own TLVs are kept in their order"]],
  },
  18: {
    fault: "an answer with a status loses its body and TLVs",
    proofs: [
      [message, "an answer is read with and without body, NUL and sound TLVs"],
      [message, "a refused submit_sm has no body, the others an empty id"],
    ],
  },
  19: {
    fault: "whoever answers everything dies of an alert_notification",
    proofs: [[esme, "outbind and alert_notification reach the owner and are not answered"]],
  },
  20: {
    fault: "data_coding 1 is read and written with the table of GSM",
    proofs: [["test/sms/data-coding.test.ts", "each data_coding is read by its own alphabet"]],
  },
  21: {
    fault: "a character that the alphabet lacks becomes `@`, an octet above 0x7F a space",
    proofs: [
      ["test/sms/gsm7.test.ts", "a text with one character too many is refused whole"],
      [
        "test/sms/gsm7.test.ts",
        "an octet with its eighth bit, or an escape alone at the end, is no GSM text",
      ],
    ],
  },
  22: {
    fault: "data_coding is cut to four bits, and some of it throws",
    proofs: [
      [
        "test/sms/data-coding.test.ts",
        "a data_coding tells message class and message waiting besides",
      ],
      ["test/sms/data-coding.test.ts", "reading never changes the octets and never throws"],
    ],
  },
  23: {
    fault: "a message with a header cannot be sent on",
    proofs: [[message, "decode(encode(message)) is the message, whatever it holds"]],
  },
  24: {
    fault: "a relative time becomes absolute, nonsense an invalid date or a throw",
    proofs: [
      ["test/smpp/time.test.ts", "absolute and relative times are read"],
      ["test/smpp/time.test.ts", "any text is a moment or undefined"],
      [message, "decode(encode(message)) is the message, whatever it holds"],
    ],
  },
  25: {
    fault: "the header and the flag that tells of it do not hold together",
    proofs: [
      ["test/smpp/submit-rules.test.ts", "a user data header must be there when esm_class says so"],
    ],
  },
  26: {
    fault: "three of thirteen national tables, and elements of a header read past its end",
    proofs: [
      ["test/sms/national.test.ts", "languages have the identifiers 1 to 13 and no others"],
      ["test/sms/user-data-header.test.ts", "any octets are read as a header without an error"],
    ],
  },
  27: {
    fault: "no packed septets, no splitting, no joining, no receipts, no other alphabets",
    proofs: [
      ["test/sms/packed.test.ts", "septets come back from their octets"],
      ["test/sms/segments.test.ts", "parts joined are the text again, each fits"],
      ["test/sms/joiner.test.ts", "parts are held until the last one has come, in any order"],
      ["test/smpp/receipt.test.ts", "what we write is read as what it was"],
    ],
  },
  28: {
    fault: "binds say 5.0, answers no version, and a peer of 3.3 gets TLVs",
    proofs: [
      [smsc, "a peer of 3.3 gets no sc_interface_version and no TLV at all"],
      [esme, "a provider that tells 3.3 in its answer gets no TLVs"],
    ],
  },
  29: {
    fault: "a server that is to speak TLS speaks plainly when it is told so otherwise",
    proofs: [
      [
        "test/smpp/session-tls.test.ts",
        "a session over TLS binds, sends, joins its writes and unbinds",
      ],
      [
        "test/channel/tls.test.ts",
        "a certificate of one's own is shown, and a wrong one is refused at the start",
      ],
    ],
  },
  30: {
    fault: "what is too long for its own reader is sent, 255 octets as short_message are taken",
    proofs: [
      [message, "254 octets go as short_message, 255 as message_payload"],
      [message, "sm_length 255 is refused as too long, one above what is there as a bad length"],
    ],
  },
  31: {
    fault: "no PROXY protocol",
    // Nobody has asked us for it; what matters is that its line does no harm.
    proofs: [[here, "a browser or a proxy at our port ends its own connection and no other"]],
  },
  32: {
    fault: "a variable without a declaration, which strict code refuses",
    proofs: [[here, "all of it is strict code, and nothing in it is deprecated"]],
  },
  33: {
    fault: "two reads, one allocation and one copy for each PDU, and a write for each",
    proofs: [
      ["test/smpp/framing.test.ts", "a PDU that lies whole in what was read is not copied"],
      [
        "test/smpp/session-tls.test.ts",
        "a session over TLS binds, sends, joins its writes and unbinds",
      ],
    ],
  },
  34: {
    fault: "a session that ends twice takes another one from the list",
    proofs: [[here, "sessions that end, twice or by force, leave the others in the list"]],
  },
  35: {
    fault: "the end of the server waits for sessions without an end",
    proofs: [[here, "a server ends in its time though a peer says nothing to its unbind"]],
  },
  36: {
    fault: "no names of statuses, no vendor's range, no types",
    proofs: [
      ["test/smpp/tables.test.ts", "every command_status has its name, and the name its status"],
    ],
  },
  37: {
    fault: "url.parse, which is deprecated",
    proofs: [[here, "all of it is strict code, and nothing in it is deprecated"]],
  },
};

test("each of the 37 faults has a test of ours, which is there under its name", () => {
  assert.deepEqual(
    Object.keys(FAULTS).map(Number),
    Array.from({ length: 37 }, (_, index) => index + 1),
  );
  for (const [number, { fault, proofs }] of Object.entries(FAULTS)) {
    assert.ok(proofs.length > 0 && fault !== "", number);
    for (const [file, name] of proofs) {
      const text = readFileSync(join(ROOT, file), "utf8");
      // The name that stands in this table is no proof.
      const found = text.split(name).length - 1 - (file === here ? timesHere(name) : 0);
      assert.ok(found > 0, `fault ${number} (${fault}): no test "${name}" in ${file}`);
    }
  }
});

function timesHere(name: string): number {
  return Object.values(FAULTS).flatMap(({ proofs }) => proofs.filter((one) => one[1] === name))
    .length;
}

const settings = { type: "smpp-server", address: ["127.0.0.1"], port: 0 };
const host = "127.0.0.1";

test("a browser or a proxy at our port ends its own connection and no other", async () => {
  await using server = await openTestChannel(settings);
  const port = server.channel.ports()[0] ?? 0;
  await using customer = await connectEsme({ host, port, systemId: "Test1", password: "Pwd1" });
  for (const line of [
    "GET / HTTP/1.0",
    "PROXY TCP4 10.0.0.1 10.0.0.2 1 2775",
    "\u0016\u0003\u0001\u0002\u0000",
  ]) {
    const wire = await openWire({ host, port, waitMs: 30_000 });
    wire.write(Buffer.from(`${line}\r\n\r\n`, "latin1"));
    assert.equal((await wire.ended(30_000)).kind, "closed", line);
  }
  const answer = await customer.submit({ from: "1", to: "+31612345678", text: "still here" });
  assert.equal(answer.status, 0);
});

test("a session writes without the delay that gathers small segments", async () => {
  const { near, far, server } = await sockets();
  const asked: (boolean | undefined)[] = [];
  near.setNoDelay = (noDelay) => {
    asked.push(noDelay);
    return near;
  };
  const session = openSession(near, {
    role: "smsc",
    limits: sessionLimits,
    clock: systemClock,
    owner: { bind() {}, shortMessage() {}, closed() {} },
  });
  assert.deepEqual(asked, [true]);
  session.close("kicked");
  near.destroy();
  far.destroy();
  server.close();
});

test("all of it is strict code, and nothing in it is deprecated", () => {
  const names = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".ts"));
  assert.ok(files.length > 100);
  // A module is strict; what is neither an import nor an export would make a script of the file.
  const packageFile: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  assert.equal(
    typeof packageFile === "object" && packageFile !== null && Reflect.get(packageFile, "type"),
    "module",
  );
  const old = files.filter((name) =>
    /\burl\.parse\(|\bnew Buffer\(|\.substr\(/.test(readFileSync(join(ROOT, "src", name), "utf8")),
  );
  assert.deepEqual(old, []);
});

test("sessions that end, twice or by force, leave the others in the list", async () => {
  await using server = await openTestChannel(settings);
  const port = server.channel.ports()[0] ?? 0;
  const connect = () => connectEsme({ host, port, systemId: "Test1", password: "Pwd1" });
  const [first, second, third] = await Promise.all([connect(), connect(), connect()]);
  const { channel } = server;
  const listed = async (count: number): Promise<void> => {
    while (channel.sessions().length > count) await new Promise((turn) => setImmediate(turn));
    assert.equal(channel.sessions().length, count);
  };
  const [kicked] = channel.sessions();
  assert.ok(kicked && channel.sessions().length === 3);
  assert.equal(channel.kick(kicked.id), true);
  await listed(2);
  assert.equal(channel.kick(kicked.id), false);
  await Promise.race([first.closed, second.closed, third.closed]);
  const open = [first, second, third].filter(({ session }) => session.state === "bound_trx");
  assert.equal(open.length, 2);
  open[0]?.drop();
  assert.equal(
    (await open[1]?.submit({ from: "1", to: "+31612345678", text: "Hello" }))?.status,
    0,
  );
  await listed(1);
  await open[1]?.unbind();
});

test("a server ends in its time though a peer says nothing to its unbind", async () => {
  await using server = await openTestChannel(settings);
  const wire = await openWire({ host, port: server.channel.ports()[0] ?? 0, waitMs: 30_000 });
  const bound = await wire.ask(BIND_TRX);
  assert.ok(bound.kind === "answer" && bound.status === 0);
  wire.mute();
  await server.channel.close(100);
  assert.equal((await wire.ended(30_000)).kind, "closed");
});
