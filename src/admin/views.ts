import type { Gateway } from "../gateway/gateway.ts";
import { idFrom } from "../model/id.ts";
import type {
  AccountView,
  ChannelView,
  LifeView,
  MessageView,
  SessionView,
  TriggerView,
} from "../model/view.ts";
import { decode } from "../sms/data-coding.ts";
import type { EntryRow, Wanted } from "../store/messages.ts";
import type { Store } from "../store/store.ts";

/** Lives that one look-up gives; a number that is used often has many. */
const livesMax = 20;

/** What an operator may see: rows as people read them, with text instead of octets. */
export interface Views {
  channels(): ChannelView[];
  sessions(): SessionView[];
  triggers(): readonly TriggerView[];
  accounts(): Promise<AccountView[]>;
  messages(wanted: Wanted): Promise<MessageView[]>;
  message(id: string): Promise<MessageView | undefined>;
  /** By any id or a number; newest first, at most 20. */
  lives(key: string): Promise<LifeView[]>;
}

export function createViews(gateway: Gateway, store: Store): Views {
  return {
    channels: () => gateway.channels(),
    sessions: () => gateway.sessions(),
    triggers: () => gateway.triggers(),
    accounts: () => store.accounts.list(),
    messages: async (wanted) => (await store.messages.list(wanted)).map(viewOf),
    async message(id) {
      const entry = await store.messages.show(id);
      return entry === undefined ? undefined : viewOf(entry);
    },
    async lives(key) {
      // An id names one life; the limit is for numbers.
      const lives = await store.messages.life(key, idFrom(key) === undefined ? livesMax : 1);
      return lives.map(({ root, status, error, entries }) => {
        return { root, status, error, entries: entries.map(viewOf) };
      });
    },
  };
}

function viewOf(entry: EntryRow): MessageView {
  const { message, status, error, pending, maybeTwice, attempts, log, atMs } = entry;
  const { id, root, kind, direction, channel, account, from, to, sms } = message;
  const hasUdh = ((sms?.esmClass ?? 0) & 0x40) !== 0;
  const text =
    sms === undefined ? undefined : (sms.text ?? decode(sms.octets, sms.dataCoding, hasUdh));
  return {
    id,
    root,
    kind,
    direction,
    channel,
    account,
    from,
    to,
    text,
    dataCoding: sms?.dataCoding ?? 0,
    status,
    error,
    pending,
    maybeTwice,
    attempts,
    log,
    atMs,
  };
}
