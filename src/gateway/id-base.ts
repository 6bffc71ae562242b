import type { Log } from "../model/log.ts";
import {
  type IdBase,
  type IdForm,
  type KnownBase,
  idBaseWords,
  providerIdForms,
} from "../model/provider-id.ts";

/**
 * Reports in a row that must speak for one way of writing before it is taken for the provider's. Three
 * by chance would take three ids that are converted to those of other messages to the same numbers.
 */
export const idBaseReportsMin = 3;

/**
 * Learns from the reports that match in which base a provider writes its ids, so that this is looked
 * for first, and short ids can be converted at all. What was learnt wrongly is unlearnt by as many
 * reports that speak for another one.
 */
export interface IdBases {
  /** What an earlier start has learnt; it does not go before what was learnt since. */
  recall(learnt: ReadonlyMap<string, IdBase>): void;
  known(group: string): KnownBase | undefined;
  /** The forms of a report's id that may be believed, the likeliest first. */
  formsOf(group: string, messageId: string): readonly IdForm[];
  /**
   * The forms that none may be matched by but all may be learnt from: short ids, converted. Empty
   * when the base is known.
   */
  guessesOf(group: string, messageId: string): readonly IdForm[];
  /** A report was found by this form of its id. Ids of one digit, or that are no number, say nothing. */
  saw(group: string, messageId: string, base: IdBase): void;
}

export function createIdBases(parts: {
  /** The setting, where it is not `auto`. */
  readonly setFor: (group: string) => IdBase | undefined;
  /** Told when one is learnt or changes; what it writes may fail, then it is learnt anew. */
  readonly keep: (group: string, base: IdBase) => Promise<void>;
  readonly log: Log;
}): IdBases {
  const { setFor, keep, log } = parts;
  const learnt = new Map<string, IdBase>();
  const running = new Map<string, { base: IdBase; count: number }>();

  return {
    recall(earlier) {
      for (const [group, base] of earlier) if (!learnt.has(group)) learnt.set(group, base);
    },
    known,
    formsOf(group, messageId) {
      const base = known(group);
      const forms = providerIdForms(messageId, base?.base);
      if (base?.by !== "set") return forms;
      // Who says it does not want us to guess; an id that cannot be converted stays as it is.
      const said = forms.filter((form) => form.base === base.base);
      return said.length > 0 ? said : forms.filter((form) => form.base === "same");
    },
    guessesOf(group, messageId) {
      if (known(group) !== undefined) return [];
      const sure = new Set(providerIdForms(messageId).map(({ key }) => key));
      return providerIdForms(messageId, undefined, "short").filter(({ key }) => !sure.has(key));
    },
    saw(group, messageId, base) {
      const run = running.get(group);
      // Nearly always what is learnt already is seen again.
      if (run === undefined && learnt.get(group) === base) return;
      if (setFor(group) !== undefined) return;
      if (base === "same" && providerIdForms(messageId, undefined, "short").length === 1) return;
      if (run?.base !== base) {
        running.set(group, { base, count: 1 });
        return;
      }
      run.count += 1;
      if (run.count < idBaseReportsMin) return;
      running.delete(group);
      const before = learnt.get(group);
      if (before === base) return;
      learnt.set(group, base);
      const facts = { provider: group, idBase: base, before };
      log.info(facts, `learnt how the provider writes ids in its reports: ${idBaseWords[base]}`);
      keep(group, base).catch((cause: unknown) => {
        log.warn({ ...facts, err: cause }, "not stored; it is learnt again after a restart");
      });
    },
  };

  function known(group: string): KnownBase | undefined {
    const set = setFor(group);
    if (set !== undefined) return { base: set, by: "set" };
    const base = learnt.get(group);
    return base === undefined ? undefined : { base, by: "learnt" };
  }
}
