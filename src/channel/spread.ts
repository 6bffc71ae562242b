/** What a session needs to be one of several. */
interface Roomy {
  /** Requests that it can take now. */
  room(): number;
}

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
  const due = new Map<string, { readonly session: Session; count: number }>();
  return {
    pick(sessions, sender) {
      const [only] = sessions;
      const before = due.get(sender);
      if (sessions.length === 1 && before === undefined) return roomIn(only);
      // Without room there it goes to another: that it goes at all is more than the order.
      const same =
        before !== undefined && sessions.includes(before.session)
          ? roomIn(before.session)
          : undefined;
      const session = same ?? roomiest(sessions);
      if (session === undefined) return undefined;
      if (before?.session === session) before.count += 1;
      else due.set(sender, { session, count: 1 });
      return session;
    },
    done(session, sender) {
      const entry = due.get(sender);
      if (entry?.session !== session) return;
      entry.count -= 1;
      if (entry.count === 0) due.delete(sender);
    },
  };
}

function roomIn<Session extends Roomy>(session: Session | undefined): Session | undefined {
  return session !== undefined && session.room() > 0 ? session : undefined;
}

function roomiest<Session extends Roomy>(sessions: readonly Session[]): Session | undefined {
  let best: Session | undefined;
  for (const session of sessions) if (session.room() > (best?.room() ?? 0)) best = session;
  return best;
}
