import { z } from "../config/schema.ts";
import { folded } from "../model/folded.ts";

const words = (preset: readonly string[], what: string) =>
  z
    .array(
      z
        .string()
        .regex(/^\S+(?: \S+){0,3}$/, "one to four words, a blank between them")
        .max(40),
    )
    .max(100)
    .default([...preset])
    .describe(what);

const answer = (what: string) =>
  z.string().max(1_000).default("").describe(`${what}; empty: nothing is answered.`);

const language = z.strictObject({
  stop: words(["STOP"], "Texts by which somebody wants no more messages; upper or lower case."),
  start: words(["START"], "Texts by which he wants them again."),
  help: words(["HELP"], "Texts by which he asks who writes to him."),
  stopAnswer: answer("What a stop is answered with, once per number and day"),
  startAnswer: answer("What a start is answered with, once per number and day"),
  helpAnswer: answer("What a help is answered with, once per number and day"),
});

/** STOP, START and HELP of people; left out, no text of theirs is looked at. */
export const optOutSettings = z
  .strictObject({
    scope: z
      .enum(["account", "shared"])
      .default("account")
      .describe(
        "Whose messages a stop ends: those of the account that it was written to, or of all.",
      ),
    languages: z
      .record(
        z.string().regex(/^[a-z]{2}(?:-[A-Za-z]{2,4})?$/, "a language, such as en or pt-BR"),
        language,
      )
      .refine((all) => Object.keys(all).length > 0, "must name one language at least")
      .describe("Words and answers, by language; the first that knows a word answers."),
  })
  .superRefine(({ languages }, context) => {
    const meanings = new Map<string, string>();
    for (const [name, one] of Object.entries(languages))
      for (const kind of kinds)
        for (const [at, word] of one[kind].entries()) {
          const key = folded(word);
          const known = meanings.get(key);
          meanings.set(key, known ?? kind);
          if (known !== undefined && known !== kind)
            context.addIssue({
              code: "custom",
              path: ["languages", name, kind, at],
              message: `means ${known} already`,
            });
        }
  });

const kinds = ["stop", "start", "help"] as const;

export type OptOutSettings = z.infer<typeof optOutSettings>;
