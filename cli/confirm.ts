import { createInterface } from "node:readline";
import { Refused, WrongArguments } from "./failure.ts";

/** Where a person is asked; the terminal, unless a test says otherwise. */
export interface Dialog {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * Before what cannot be undone: asks the person to type a word again. Without a terminal nobody can
 * be asked, so `--yes` is needed there. Rejects with `WrongArguments` or `Refused`.
 */
export async function confirm(
  what: {
    /** One sentence: what will be lost. */
    readonly warning: string;
    /** What has to be typed, and what it is: `12345`, "the number". */
    readonly word: string;
    readonly named: string;
    readonly yes: boolean;
  },
  dialog: Dialog = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (what.yes) return;
  if (dialog.input.isTTY !== true)
    throw new WrongArguments(`${what.warning} Without a terminal this needs --yes`);
  const lines = createInterface({ ...dialog, terminal: true });
  try {
    const typed = await new Promise<string | undefined>((resolve) => {
      lines.once("close", () => resolve(undefined));
      lines.once("SIGINT", () => resolve(undefined));
      lines.question(`${what.warning} Type ${what.named} to go on: `, resolve);
    });
    if (typed?.trim() !== what.word)
      throw new Refused(`${what.named} was not typed`, "Nothing was changed.");
  } finally {
    lines.close();
  }
}
