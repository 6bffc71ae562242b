/** When something is due, by the clock of a place. */
export interface DueTimes {
  /** Five fields, as written. */
  readonly cron: string;
  /** Of the IANA database. */
  readonly zone: string;
  /** The first time after this one; both in milliseconds since 1970 UTC. */
  next(afterMs: number): number;
  /** The last time after `afterMs` that is not after `untilMs`; undefined when there is none. */
  last(afterMs: number, untilMs: number): number | undefined;
}
