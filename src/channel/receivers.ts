import type { Session } from "../smpp/session.ts";
import type { Customer } from "./customer.ts";

/**
 * The sessions that may be handed what is for an account, since a customer may have hundreds and each message
 * asks for them. One that is bound no longer has no room, and leaves when it is closed.
 */
export interface Receivers {
  bound(customer: Customer): void;
  closed(customer: Customer): void;
  /** In the order in which they were bound. */
  of(account: string | undefined): readonly Session[];
  /** Requests that they can take now. No more of them are asked than make `enough`: each message asks. */
  room(account: string | undefined, enough?: number): number;
}

export function createReceivers(): Receivers {
  const byAccount = new Map<string | undefined, Session[]>();
  const of = (account: string | undefined): readonly Session[] => byAccount.get(account) ?? none;
  return {
    bound({ session, account, bindType }) {
      if (bindType === "transmitter") return;
      const sessions = byAccount.get(account);
      if (sessions === undefined) byAccount.set(account, [session]);
      else sessions.push(session);
    },
    closed({ session, account }) {
      const left = byAccount.get(account)?.filter((one) => one !== session) ?? [];
      if (left.length > 0) byAccount.set(account, left);
      else byAccount.delete(account);
    },
    of,
    room(account, enough = Infinity) {
      let room = 0;
      for (const session of of(account)) {
        room += session.room();
        if (room >= enough) break;
      }
      return room;
    },
  };
}

const none: readonly Session[] = [];
