import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonSchema, reference } from "../../src/config/document.ts";
import { z } from "../../src/config/schema.ts";

const schema = z.strictObject({
  data: z.string().default("./data").describe("Folder for all that must outlive a restart."),
  limits: z
    .strictObject({ answerMs: z.int().min(1).max(60_000).default(3_000).describe("A | B.") })
    .prefault({})
    .describe("How much of everything."),
  channels: z
    .record(
      z.string(),
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("in"), size: z.int().min(1).meta({ unit: "octets" }) }),
        z.strictObject({
          type: z.literal("out"),
          password: z.string().max(64).meta({ secret: true }).describe("To bind with."),
          mode: z.enum(["x", "y"]).default("x"),
          hosts: z.array(z.string()).min(1).max(4).default(["::1"]),
        }),
      ]),
    )
    .describe("Ways in and out."),
});

test("the reference has a table for each group, with form, limits and default", () => {
  assert.equal(
    reference(schema),
    `## At the top

| setting | meaning | form | default |
|---|---|---|---|
| \`data\` | Folder for all that must outlive a restart. | text | \`"./data"\` |

## \`limits\`

How much of everything.

| setting | meaning | form | default |
|---|---|---|---|
| \`answerMs\` | A \\| B. | whole number, 1 to 60000 | \`3000\` |

## \`channels.<name>\` with \`type: in\`

Ways in and out.

| setting | meaning | form | default |
|---|---|---|---|
| \`type\` |  | \`"in"\` |  |
| \`size\` |  | whole number, octets, at least 1 | needed |

## \`channels.<name>\` with \`type: out\`

Ways in and out.

| setting | meaning | form | default |
|---|---|---|---|
| \`type\` |  | \`"out"\` |  |
| \`password\` | To bind with. Secret. | text, at most 64 characters | needed |
| \`mode\` |  | \`x\`, \`y\` | \`"x"\` |
| \`hosts\` |  | list of text, 1 to 4 entries | \`["::1"]\` |
`,
  );
});

test("the JSON Schema knows keys, defaults and texts, and takes a reference for a number", () => {
  const made = jsonSchema(schema, "signalbox.yaml");
  assert.equal(made.title, "signalbox.yaml");
  assert.equal(made.additionalProperties, false);
  assert.deepEqual(made.properties?.limits?.properties?.answerMs, {
    description: "A | B.",
    default: 3_000,
    anyOf: [
      { type: "integer", minimum: 1, maximum: 60_000 },
      { type: "string", pattern: "^\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}$" },
    ],
  });
  assert.deepEqual(made.required, ["channels"]);
});
