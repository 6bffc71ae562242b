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
  /** Characters of host calls and their answers kept in the trace of one event; 0: none are kept. */
  readonly recordedCharactersMax: number;
  /** Milliseconds for which a version is fresh: it goes back by itself when it fails too often. */
  readonly freshMs: number;
  /** Runs of a fresh version before its faults say anything. */
  readonly freshRuns: number;
  /** Share of the runs of a fresh version, or of a canary, that may be faults; 0 to 1. */
  readonly freshFaultShare: number;
  /** Versions of one file that are kept; the oldest are forgotten. */
  readonly versionsKept: number;
  /** Milliseconds for which a version is kept; those that run are kept as long as they do. */
  readonly versionsKeptMs: number;
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
  // Half a second of work at full load: 200 customers with a window of 10 each are well inside.
  queuedEventsMax: 4096,
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
  // Some forty rows of a database; a trace is written beside each message that asks for something.
  recordedCharactersMax: 16_384,
  // What is wrong with a version shows in the first minutes; later faults have another cause.
  freshMs: 300_000,
  // Three of them are no chance any more, and at a message a second it takes 20 s.
  freshRuns: 20,
  // A service that is away for a moment spoils less than that of a few minutes.
  freshFaultShare: 0.2,
  // A day of a file that is being written, or years of one that is not.
  versionsKept: 50,
  // A quarter of a year: what ran before that, version control knows.
  versionsKeptMs: 90 * 86_400_000,
  // Editors and version control write the files of one save within a few milliseconds.
  saveQuietMs: 50,
};

/**
 * Milliseconds that a change of a channel must have lasted when a trigger does not say: what is over
 * sooner, such as a session that is made anew, is no news.
 */
export const forMsUsual = 1_000;
