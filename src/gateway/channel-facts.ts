import type { Channel } from "../channel/channel.ts";
import type { IdBase } from "../model/provider-id.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import type { Codings } from "../sms/data-coding.ts";

/** What the parts of the gateway ask of channels by name; one that is gone has nothing special. */
export function createChannelFacts(channels: () => ReadonlyMap<string, Channel>) {
  return {
    tlvsOn: (channel: string): ChannelTlvs | undefined => channels().get(channel)?.tlvs,
    codingsOn: (channel: string): Codings | undefined => channels().get(channel)?.codings,
    groupOf: (channel: string): string => channels().get(channel)?.group ?? channel,
    channelsOf: (group: string): string[] =>
      [...channels().values()].filter((one) => one.group === group).map(({ name }) => name),
    /** Channels of one group lead to one provider, so what one of them says holds for all. */
    idBaseSetFor(group: string): IdBase | undefined {
      for (const one of channels().values())
        if (one.group === group && one.idBase !== undefined) return one.idBase;
      return undefined;
    },
    reportWaits: (): { channel: string; waitMs: number }[] =>
      [...channels().values()].flatMap(({ name, reportWaitMs }) =>
        reportWaitMs === undefined ? [] : [{ channel: name, waitMs: reportWaitMs }],
      ),
    /** Are customers handed reports there? */
    takesReports: (channel: string): boolean => channels().get(channel)?.takesReports !== false,
  };
}
