import type { Traffic } from "../model/meter.ts";
import type { Session, SessionCounters } from "../smpp/session.ts";

/** Sums what the sessions of a channel have counted, those that have ended included. */
export interface TrafficSum {
  /** Keeps what this session has counted; called when it ends. */
  ended(session: Session): void;
  /** `windowRequests` is what the settings give each session that is bound. */
  read(sessions: Iterable<Session>, windowRequests: number): Traffic;
}

export function sumTraffic(): TrafficSum {
  const gone = newCounters();
  return {
    ended: (session) => add(gone, session.counters),
    read(sessions, windowRequests) {
      const sum = { ...gone };
      let bound = 0;
      let free = 0;
      for (const session of sessions) {
        add(sum, session.counters);
        if (!session.state.startsWith("bound")) continue;
        bound += 1;
        free += session.room();
      }
      const { refused, timedOut, late, stray, writes } = sum;
      const windows = { windowRequests: bound * windowRequests, windowFree: free };
      return { ...windows, refused, timedOut, late, stray, writes };
    },
  };
}

type Counted = Omit<SessionCounters, "received" | "sent">;

function newCounters(): Counted {
  return { refused: 0, timedOut: 0, late: 0, stray: 0, writes: 0 };
}

function add(sum: Counted, { refused, timedOut, late, stray, writes }: Readonly<Counted>): void {
  sum.refused += refused;
  sum.timedOut += timedOut;
  sum.late += late;
  sum.stray += stray;
  sum.writes += writes;
}
