/** Providers as data files: the shipped ones hold what their examples say, and broken ones say where. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { within } from "../../src/channel/http-provider/body.ts";
import { EXAMPLE_VALUES } from "../../src/channel/http-provider/examples.ts";
import {
  type Provider,
  readProvider,
  shippedProviders,
} from "../../src/channel/http-provider/provider.ts";
import { VALUES } from "../../src/channel/http-provider/requests.ts";
import { filledXml } from "../../src/channel/http-provider/template.ts";
import { xmlFrom } from "../../src/channel/http-provider/xml.ts";

/** The shipped file of that name, with one text in it replaced. */
async function changed(text: string): Promise<Provider | string> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-provider-"));
  try {
    await writeFile(join(folder, "own.yaml"), text);
    const read = readProvider("./own.yaml", folder);
    return "faults" in read ? read.faults.map((one) => `${one.path} ${one.text}`).join("\n") : read;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function faultsOf(text: string): Promise<string> {
  const read = await changed(text);
  return typeof read === "string" ? read : "";
}

/** Any half of a character, the special ones more often. */
const anyUnit = fc.oneof(
  fc.constantFrom(...Array.from("<>&\"'{}?#/%=;\r\n\0")),
  fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
);

const plain = `
send: { path: "/send/{to}", query: { text: "{text}", udh: "{udh?}" }, method: GET }
answer: { rules: [{ when: { status: 2xx }, outcome: taken, id: id }] }
`;

test("[A47] each shipped provider does what its recorded requests, answers and callbacks say", () => {
  assert.deepEqual(shippedProviders(), ["cgi-form", "rest-json", "xml-post"]);
  for (const name of shippedProviders()) {
    const provider = readProvider(name, "/");
    assert.ok(!("faults" in provider), JSON.stringify(provider));
    // The three sides of a provider are recorded, and trouble of each kind.
    const { examples } = provider;
    for (const side of ["request", "answer", "callback"] as const)
      assert.ok(
        examples.some((one) => one[side] !== undefined),
        `${name}: no ${side}`,
      );
    const outcomes = new Set(examples.flatMap(({ outcome }) => outcome?.outcome ?? []));
    for (const outcome of ["taken", "permanent"])
      assert.ok(outcomes.has(outcome), `${name}: ${outcome}`);
  }
});

test("a file whose example does not come out, or that names what there is not, is refused with the place", async () => {
  assert.ok(typeof (await changed(plain)) !== "string");
  const wrong = async (more: string, expected: RegExp) =>
    assert.match(await faultsOf(plain + more), expected);
  await wrong(
    `examples: [{ name: a, answer: { status: 200, body: '{"id":"7"}' }, outcome: { outcome: taken, id: "8" } }]`,
    /^examples.0 \(a\) outcome should be .*"8".* and is .*"7"/,
  );
  await wrong(
    `examples: [{ name: b, request: { method: GET, url: "/send" } }]`,
    /should be .*\/send"/,
  );
  await wrong(
    `binary: { path: "/{nothing}" }`,
    /^binary names \{nothing\}, which is no value; there are id, root/,
  );
  await wrong(`binary: { path: "/{values.x}" }`, /names \{values\.x\}/);
  await wrong(`binary: { path: "/{ to }" }`, /has a `\{` that begins no name/);
  await wrong(`nonsense: 1`, /nonsense/);
  await wrong(
    `callbacks: { reports: { path: /r, id: id, status: s, states: { ok: FINE } } }`,
    /^callbacks.reports.states.ok must be a state of a receipt/,
  );
  await wrong(
    `callbacks: { messages: { path: /m, from: a, to: b, text: { matches: "(?=x)" } } }`,
    /^callbacks.messages.text.matches /,
  );
});

test("the file in the documents is one, and does what its examples say", async () => {
  const page = await readFile(join(import.meta.dirname, "../../docs/http-provider.md"), "utf8");
  const [, file = ""] = /```yaml\n(description:[\s\S]*?)```/.exec(page) ?? [];
  const provider = await changed(file);
  assert.ok(typeof provider !== "string", await faultsOf(file));
  assert.equal(provider.examples.length, 2);
  for (const name of Object.keys(VALUES))
    assert.match(page, new RegExp(`^\\| \`${name}\` \\|`, "m"));
});

test("what a template is given can end nothing that is around it: no path, header, field or element", async () => {
  const provider = await changed(`
send:
  path: /send/{to}
  headers: { x-from: "{from}" }
  body: { form: { text: "{text}" } }
answer: { rules: [{ outcome: taken, id: id }] }
`);
  assert.ok(typeof provider !== "string");
  assert.equal(provider.request("text", { to: "\ud83c" }).target, "/send/%EF%BF%BD", "half a pair");
  const text = fc.string({ unit: anyUnit, maxLength: 20 });
  fc.assert(
    fc.property(text, text, text, (to, from, said) => {
      const { target, headers, body } = provider.request("text", {
        ...EXAMPLE_VALUES,
        to,
        from,
        text: said,
      });
      assert.match(target, /^\/send\/[^/?#\s]*$/);
      assert.doesNotMatch(String(headers[0]?.[1]), /[\r\n\0]/);
      assert.deepEqual([...new URLSearchParams(body).keys()], ["text"]);
      const xml = xmlFrom(filledXml('<a b="{from}">{text}</a>', { from, text: said }));
      assert.ok(xml !== undefined && Object.keys(Object(xml)).join() === "a", "one element");
    }),
    { numRuns: 300 },
  );
});

test("XML is read as data; what is not well-formed, or has a DOCTYPE, is not read at all", () => {
  const read = xmlFrom(
    '<?xml version="1.0"?><!-- x --><n:a xmlns:n="u" k="1 &amp; 2"><b>x</b><b><![CDATA[<y>]]></b><c/>&#65;&#x1F35F;</n:a>',
  );
  assert.deepEqual(read, { a: { "@k": "1 & 2", b: ["x", "<y>"], c: "", "#": "A🍟" } });
  assert.equal(within(read, "a.b.1"), "<y>");
  assert.equal(within(read, "a.c.0"), "", "a list of one is the thing itself");
  assert.equal(within(read, "a.constructor"), undefined);
  const broken = [
    "",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "x<a/>",
    "<a>&b;</a>",
    "<a b=1/>",
    "<a><",
    "<!DOCTYPE a><a/>",
  ];
  for (const text of broken) assert.equal(xmlFrom(text), undefined, text);
  assert.equal(xmlFrom(`${"<a>".repeat(100)}${"</a>".repeat(100)}`), undefined, "too deep");
  const large = `<a>${"<b>x</b>".repeat(20_000)}</a>`;
  const startMs = performance.now();
  assert.notEqual(xmlFrom(large), undefined);
  // Seconds would mean that the time grows with the square.
  for (const text of [
    "<a ".repeat(50_000),
    `<a${" b".repeat(50_000)}`,
    "<!--".repeat(50_000),
    `<a>${"&".repeat(100_000)}</a>`,
  ])
    xmlFrom(text);
  assert.ok(performance.now() - startMs < 5_000, `${performance.now() - startMs} ms`);
  fc.assert(
    fc.property(fc.string({ unit: anyUnit }), (text) => void xmlFrom(`<a>${text}`)),
    { numRuns: 300 },
  );
});
