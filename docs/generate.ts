// Writes the pages that are made from code: `npm run docs`. A test fails while one of them is stale.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stdout } from "node:process";
import { jsonSchema, reference } from "../src/config/document.ts";
import { DELIVERY_ERRORS, type DeliveryError } from "../src/model/delivery-error.ts";
import { openApi } from "../src/channel/http-server/openapi-page.ts";
import { ERRORS, type ErrorEntry } from "../src/model/error.ts";
import { settingsSchema } from "../src/settings.ts";
import { conformancePage } from "./conformance.ts";
import { sdkPage } from "./sdk.ts";

const api = await openApi();

/** A page beside this file and what it should say. To add one, add a line here. */
export const PAGES: readonly { readonly file: string; text(): string }[] = [
  { file: "errors.md", text: errorsPage },
  { file: "configuration.md", text: configurationPage },
  { file: "signalbox.schema.json", text: schemaFile },
  { file: "smpp-conformance.md", text: conformancePage },
  { file: "sdk.md", text: sdkPage },
  { file: "openapi.json", text: () => `${JSON.stringify(api, undefined, 2)}\n` },
];

if (import.meta.main) {
  for (const page of PAGES) {
    writeFileSync(join(import.meta.dirname, page.file), page.text());
    stdout.write(`docs/${page.file} written\n`);
  }
}

function errorsPage(): string {
  const rows = Object.entries<ErrorEntry>(ERRORS).map(
    ([code, entry]) =>
      `| \`${code}\` | ${entry.fault} | ${entry.retry} | ${status(entry.smpp)} | ${entry.http ?? ""} | ${receipt(entry.receipt)} | ${entry.advice} |`,
  );
  return `# Errors

<!-- Made from src/model/error.ts by \`npm run docs\`. Change it there. -->

One catalogue for SMPP, HTTP, delivery receipts, traces, the command line and triggers: the same
refusal has the same code everywhere, and a code is never reused for something else.

- **whose**: who has to act: \`user\` (who sent or scripted it, or runs the gateway), \`provider\` (the network behind it), \`us\` (the gateway).
- **again**: \`later\` if the same may be tried again, \`never\` if it would fail again.
- **SMPP**: \`command_status\` toward a peer. **HTTP**: status of an answer. **err**: the \`err:\` of a delivery receipt. Empty: never sent there.

| code | whose | again | SMPP | HTTP | err | what it means and what to do |
|---|---|---|---|---|---|---|
${rows.join("\n")}

## What a receipt can tell

The codes that \`err:\` of a receipt has, and what the tables of \`reports.codes\` make of a provider's own.
\`again\`: \`later\` if it may help to send the same message once more. **TP-Status** is what
\`network_error_code\` says with it.

| err | name | meaning | status | whose | again | TP-Status |
|---|---|---|---|---|---|---|
${deliveryRows().join("\n")}
`;
}

function deliveryRows(): readonly string[] {
  return Object.entries<DeliveryError>(DELIVERY_ERRORS).map(
    ([code, { name, text, status: meant, fault, retry, tpStatus }]) =>
      `| ${code.padStart(3, "0")} | \`${name}\` | ${text} | \`${meant}\` | ${fault ?? ""} | ${retry} | ${status(tpStatus)} |`,
  );
}

function status(smpp: number | undefined): string {
  return smpp === undefined ? "" : `0x${smpp.toString(16).toUpperCase().padStart(2, "0")}`;
}

function receipt(err: number | undefined): string {
  return err === undefined ? "" : String(err).padStart(3, "0");
}

function configurationPage(): string {
  return `# Configuration

<!-- Made from src/settings.ts and src/channel/*.ts by \`npm run docs\`. Change it there. -->

One file, \`signalbox.yaml\` (or the one that \`--config\` names). \`\${NAME}\` in a value is taken from the
environment, \`\${NAME:-default}\` with a default. Unknown keys are refused, so a slip of the pen is not
silently ignored. \`npx signalbox config check\` tells every fault with line and column;
\`npx signalbox config show\` prints what is in force, without secrets. Editors that know JSON Schema
complete and check as you type: see the first line of the shipped file.

${reference(settingsSchema)}`;
}

function schemaFile(): string {
  return `${JSON.stringify(jsonSchema(settingsSchema, "signalbox.yaml"), undefined, 2)}\n`;
}
