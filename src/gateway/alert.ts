import type { Channel } from "../channel/channel.ts";
import { canonical } from "../model/address.ts";
import type { AlertEvent, NoticeAnswer } from "../model/event.ts";
import type { Log } from "../model/log.ts";

/** Alerts whose account is being looked up; a provider that sends more is not listened to. */
const alertsMax = 100;

const noted: NoticeAnswer = { kind: "noted" };

/**
 * Passes on that a phone can be reached again, to the customer whose number the message had as its
 * sender. It is told now or not at all: SMPP knows no answer to it, so nothing is kept.
 */
export function alertAnswerer(parts: {
  readonly ownerOf: (number: string) => Promise<{ readonly id: string } | undefined>;
  readonly channels: () => Iterable<Pick<Channel, "name" | "alert">>;
  readonly log: Log;
}): (event: AlertEvent) => Promise<NoticeAnswer> {
  const { ownerOf, channels, log } = parts;
  let open = 0;

  return async (event) => {
    if (open >= alertsMax) return noted;
    open += 1;
    try {
      const owner = await ownerOf(canonical(event.sender, "international"));
      if (owner === undefined) return noted;
      for (const channel of channels())
        if (channel.alert?.(owner.id, event) === true) {
          log.info(
            { channel: channel.name, account: owner.id },
            "told that a phone can be reached",
          );
          break;
        }
      return noted;
    } finally {
      open -= 1;
    }
  };
}
