import type { MessageAnswer, ReportAnswer } from "../model/event.ts";
import type { ChannelHost } from "./channel.ts";
import type { HttpClientSettings } from "./http-client-settings.ts";
import { messageFrom, reportFrom } from "./http-incoming.ts";
import { emitInTurn } from "./in-turn.ts";
import type { Told } from "./http-provider/told.ts";
import type { CodeTable } from "./report-codes/table.ts";

/** Messages whose provider's id is remembered, so that a callback that comes again brings no second one. */
export const rememberedMax = 10_000;

/** What a provider's callback told becomes an event; resolves after the commit, and never rejects. */
export type Taking = (
  told: Told,
  by: { readonly remote: string; isOpen(): boolean },
) => Promise<MessageAnswer | ReportAnswer>;

export function createTaking(
  settings: HttpClientSettings,
  host: ChannelHost,
  codes: CodeTable,
): Taking {
  /** By the provider's id and the number it was for: what is under way, or was taken. */
  const taken = new Map<string, Promise<MessageAnswer>>();

  return async (told, by) => {
    try {
      if (told.kind === "report")
        return await host.emit("report", reportFrom(told, { host, ...by }, codes));
      return await once(told, () => emitInTurn(host, messageFrom(told, { host, settings, ...by })));
    } catch (cause) {
      // Nothing was applied, so the provider is to bring it again.
      host.log.error({ err: cause }, "failed on our side");
      return { kind: "refused", code: "try_later", reason: "failed on our side" };
    }
  };

  /** Providers call again when an answer was late, or with all of a list for one of it. */
  async function once(
    { id, to }: Extract<Told, { kind: "message" }>,
    bring: () => Promise<MessageAnswer>,
  ): Promise<MessageAnswer> {
    if (id === "") return bring();
    const key = `${id} ${to.digits}`;
    const before = taken.get(key);
    if (before !== undefined) return before;
    const now = bring();
    taken.set(key, now);
    const [oldest] = taken.keys();
    if (taken.size > rememberedMax && oldest !== undefined) taken.delete(oldest);
    try {
      const answer = await now;
      if (answer.kind === "refused") taken.delete(key);
      return answer;
    } catch (cause) {
      taken.delete(key);
      throw cause;
    }
  }
}
