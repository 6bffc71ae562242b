/** Every bound of the trigger engine. Each is a setting; the defaults are `defaultLimits`. */
export interface TriggerLimits {
  /** MiB of V8 heap of one trigger file; what outgrows it is loaded anew and its event is a fault. */
  readonly isolateMemoryMib: number;
  /** Milliseconds that triggers may compute in one go, for a batch of events or for one alone. */
  readonly pumpMs: number;
  /** Milliseconds that a file may compute while it is loaded, before it has registered a trigger. */
  readonly loadMs: number;
  /** Octets of what one trigger asks for one event, and of the arguments of one host call. */
  readonly resultOctetsMax: number;
  /** Actions (accept, forward, trace, ...) of one trigger for one event. */
  readonly actionsMax: number;
  /** Host calls in flight: per trigger they wait above it, per event and trigger they are refused. */
  readonly hostCallsMax: number;
  /** Events open per trigger, waiting or running; above it they are undecided with `overloaded`. */
  readonly queuedEventsMax: number;
  /** Events in one batch to the host; what is more goes with the next one. */
  readonly batchEventsMax: number;
  /** Milliseconds inside one trigger without any progress after which the host is killed. */
  readonly watchdogMs: number;
  /** MiB resident of a host process, above which it is killed. */
  readonly hostMemoryMib: number;
  /** Milliseconds for a whole decision over all its triggers; after them it is undecided. */
  readonly eventDeadlineMs: number;
  /** The same for a status, for which no peer waits. */
  readonly statusDeadlineMs: number;
  /** Times that a trigger may overrun or take the host down within `quarantineMs`. */
  readonly quarantineFaults: number;
  /** Milliseconds over which `quarantineFaults` are counted. */
  readonly quarantineMs: number;
  /** Lines a trigger may log per run of a batch; the rest is dropped. */
  readonly logLinesMax: number;
  /** Milliseconds without another hint from the file system after which a save counts as whole. */
  readonly saveQuietMs: number;
}

export const defaultLimits: TriggerLimits = {
  // The largest of our templates with a bundled npm package takes 4; one runaway cannot hurt more.
  isolateMemoryMib: 32,
  // A batch of 128 events takes 0.3 ms; a trigger that computes for 50 ms holds up all others.
  pumpMs: 50,
  // A bundle of 1 MiB compiles and runs in about 30 ms.
  loadMs: 200,
  // Four times the longest text that SMPP can carry, 64 KiB in message_payload.
  resultOctetsMax: 262_144,
  // One forward per member of a large list; more is a campaign, which has its own place.
  actionsMax: 256,
  // More than a data source or a web service of ours serves at once; the rest waits its turn.
  hostCallsMax: 64,
  // A second of work at 1,000 events/s; who waits longer than that has given up.
  queuedEventsMax: 1024,
  // Beyond this a batch gains less than 10 % and the first of it waits longer for its answer.
  batchEventsMax: 128,
  // Six times pumpMs: what V8's own time limit did not stop will not stop by itself.
  watchdogMs: 300,
  // A fresh host has 60-80; eight isolates at their limit still fit.
  hostMemoryMib: 512,
  // Below the 3 s and 5 s after which the network side gives up on a submit or a bind.
  eventDeadlineMs: 2000,
  // As long as a customer's web service or database may take; what is undecided is tried again.
  statusDeadlineMs: 30_000,
  // Once may be chance and twice bad luck; each costs all other triggers up to 300 ms.
  quarantineFaults: 3,
  quarantineMs: 60_000,
  // A line for every second event of a batch.
  logLinesMax: 64,
  // Editors and version control write the files of one save within a few milliseconds.
  saveQuietMs: 50,
};

/**
 * Milliseconds that a change of a channel must have lasted when a trigger does not say: what is over
 * sooner, such as a session that is made anew, is no news.
 */
export const forMsUsual = 1_000;
