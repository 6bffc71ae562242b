import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { WrongArguments } from "./failure.ts";

/** Characters. SMPP takes 8, some peers take more; more than this is a file given by mistake. */
const passwordCharactersMax = 64;

/**
 * Asks for a password without showing it, or reads the first line of standard input when that is no
 * terminal: so it stands in no list of processes and no history of a shell.
 */
export async function readPassword(question: string): Promise<string> {
  const terminal = process.stdin.isTTY;
  if (terminal) process.stderr.write(question);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: unseen, terminal });
  try {
    const password = await new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      lines.once("close", () =>
        reject(new WrongArguments("no password was given on standard input")),
      );
      lines.once("SIGINT", () => reject(new WrongArguments("no password was given")));
    });
    if (password === "") throw new WrongArguments("the password is empty");
    if (password.length > passwordCharactersMax)
      throw new WrongArguments(`the password has more than ${passwordCharactersMax} characters`);
    return password;
  } finally {
    lines.close();
    if (terminal) process.stderr.write("\n");
  }
}
