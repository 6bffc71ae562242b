import { createPassing } from "../model/passing.ts";

/** What a session needs to be one of several. */
interface Roomy {
  /** Requests that it can take now. */
  room(): number;
}

/**
 * Of more sessions than that only as many are compared as the turn has come to: which of hundreds has most room
 * is worth less than finding it out for each message.
 */
const comparedMax = 8;

/**
 * Of more sessions than that one is given so many in a row: they go to it in one write, and are answered in one. With 200
 * sessions a life costs the gateway some 20 µs less, of 180.
 */
const inRow = 5;

/**
 * Spreads messages over the sessions of a customer: to the one with most room in its window, and of one
 * sender to the same session as long as an answer for one of his is due there, so that they arrive in the
 * order in which he wrote them. Nothing is remembered where there is one session only, and never more than
 * the windows hold.
 */
export interface Spread<Session extends Roomy> {
  /** The session for a message of this sender; undefined when none of them has room for it. */
  pick(sessions: readonly Session[], sender: string): Session | undefined;
  /** Its answer has come, or never will; called once for each that was picked. */
  done(session: Session, sender: string): void;
}

export function createSpread<Session extends Roomy>(): Spread<Session> {
  /** By sender; nearly always one session, and the later ones last. */
  const due = createPassing<string, { readonly session: Session; count: number }[]>();
  let turn = 0;
  /** The one that was picked last, and how many in a row it has been given. */
  let last: Session | undefined;
  let given = 0;
  return {
    pick(sessions, sender) {
      const [only] = sessions;
      const before = due.get(sender);
      if (sessions.length === 1 && before === undefined) return roomIn(only);
      // Without room there it goes to another: that it goes at all is more than the order.
      const same = before?.findLast(({ session }) => sessions.includes(session) && roomIn(session));
      if (same !== undefined) {
        same.count += 1;
        return same.session;
      }
      const session = next(sessions);
      if (session === undefined) return undefined;
      if (before === undefined) due.set(sender, [{ session, count: 1 }]);
      else before.push({ session, count: 1 });
      return session;
    },
    done(session, sender) {
      const entries = due.get(sender) ?? [];
      const at = entries.findIndex((one) => one.session === session);
      const entry = entries[at];
      if (entry === undefined) return;
      entry.count -= 1;
      if (entry.count === 0) entries.splice(at, 1);
      if (entries.length === 0) due.delete(sender);
    },
  };

  function next(sessions: readonly Session[]): Session | undefined {
    const goesOn = sessions.length > comparedMax && given < inRow && roomIn(last) !== undefined;
    if (!goesOn || last === undefined || !sessions.includes(last)) {
      last = roomiest(sessions, turn++);
      given = 0;
    }
    given += 1;
    return last;
  }
}

function roomIn<Session extends Roomy>(session: Session | undefined): Session | undefined {
  return session !== undefined && session.room() > 0 ? session : undefined;
}

/** Of the first that have room, from the one whose turn it is. */
function roomiest<Session extends Roomy>(
  sessions: readonly Session[],
  turn: number,
): Session | undefined {
  let best: Session | undefined;
  let most = 0;
  let compared = 0;
  for (let n = 0; n < sessions.length && compared < comparedMax; n += 1) {
    const session = sessions[(turn + n) % sessions.length];
    const room = session?.room() ?? 0;
    if (room > 0) compared += 1;
    if (room > most) [best, most] = [session, room];
  }
  return best;
}
