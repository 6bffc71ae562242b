import { createHash, randomBytes } from "node:crypto";
import type { Command } from "commander";
import { WrongArguments } from "./failure.ts";
import { answer } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";

/** Octets. Nobody guesses 256 bits, so a plain SHA-256 in the file is enough. */
const tokenOctets = 32;

/** `signalbox admin …` */
export function addAdmin(program: Command): void {
  const admin = program.command("admin").description("the admin port");
  admin
    .command("token")
    .argument("<name>", "who it is for; stands in the log beside each change")
    .description("make a token for the admin port; shown once, kept nowhere")
    .action((name: string, _options, command: Command) => {
      if (!/^[A-Za-z0-9._@-]{1,64}$/.test(name))
        throw new WrongArguments("a token's name is letters, digits and . _ @ -, at most 64");
      const token = randomBytes(tokenOctets).toString("base64url");
      const sha256 = createHash("sha256").update(token).digest("hex");
      answer(
        command.optsWithGlobals<GlobalOptions>(),
        { name, token, sha256 },
        () => told(name, token, sha256),
        "It is valid when the gateway has been started again with that line.",
      );
    });
}

function told(name: string, token: string, sha256: string): string {
  return [
    `Token:  ${token}`,
    "",
    "Line for signalbox.yaml, under admin.tokens:",
    `    - { name: ${JSON.stringify(name)}, sha256: ${JSON.stringify(sha256)} }`,
    "",
    `Try it:  curl -H "Authorization: Bearer ${token}" http://127.0.0.1:2790/v1/channels`,
  ].join("\n");
}
