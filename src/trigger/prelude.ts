import type ivm from "isolated-vm";

/** What there is in an isolate before the script: `script/prelude.ts`, or `script/test-prelude.ts`, as texts. */
export type PreludeTexts = Readonly<Record<"trigger" | "test", string>>;

/** Compiles one of them for an isolate. */
export type CompilePrelude = (isolate: ivm.Isolate, which: keyof PreludeTexts) => ivm.Script;

/** Stands before the text of the host's program: host-program.ts. */
declare const PRELUDES: PreludeTexts;

/** No file of a person bears its name in a stack. */
const filename = "signalbox:prelude";

/** What V8 made of a text for the first isolate is used for all others, which takes a seventh of the time. */
export function openPreludes(texts: PreludeTexts = PRELUDES): CompilePrelude {
  const made = new Map<keyof PreludeTexts, ivm.ExternalCopy<ArrayBuffer> | undefined>();
  return (isolate, which) => {
    const cachedData = made.get(which);
    if (cachedData !== undefined)
      return isolate.compileScriptSync(texts[which], { filename, cachedData });
    // The types do not know that it is of the script that is given.
    const script: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(texts[which], {
      filename,
      produceCachedData: true,
    });
    made.set(which, script.cachedData);
    return script;
  };
}
