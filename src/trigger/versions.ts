import type { Log } from "../model/log.ts";
import type {
  KeptSources,
  TriggerCanary,
  TriggerDisabled,
  TriggerPin,
  TriggerVersion,
} from "../model/trigger-version.ts";

/** A version with all that is needed to run it again. */
export interface WholeVersion extends TriggerVersion {
  readonly sources: KeptSources;
}

/** What was settled before this start. */
export interface KeptState {
  /** The last version of each file. */
  readonly latest: ReadonlyMap<string, Pick<TriggerVersion, "version" | "hash">>;
  readonly pins: ReadonlyMap<string, TriggerPin>;
  readonly canaries: ReadonlyMap<string, TriggerCanary>;
  /** By the name of the trigger. */
  readonly disabled: ReadonlyMap<string, TriggerDisabled>;
}

/**
 * Where versions and what operators have settled outlive the process; the database, where there is one.
 * Each call rejects when it does not answer.
 */
export interface VersionKeeper {
  /** Called once, at the start. */
  state(): Promise<KeptState>;
  /** Newest first. */
  versions(file: string): Promise<readonly TriggerVersion[]>;
  version(file: string, version: number): Promise<WholeVersion | undefined>;
  /** Called at each save. Forgets what is older than `versionsKept` and `versionsKeptMs` allow. */
  keep(file: string, version: WholeVersion, bounds: KeptBounds): Promise<void>;
  pin(file: string, pin: TriggerPin | undefined): Promise<void>;
  canary(file: string, canary: TriggerCanary | undefined): Promise<void>;
  disabled(name: string, disabled: TriggerDisabled | undefined): Promise<void>;
}

export interface KeptBounds {
  /** Versions of one file. */
  readonly versionsKept: number;
  readonly versionsKeptMs: number;
}

/**
 * Versions that could not be written yet, while the database is away, per gateway; then the oldest are
 * not kept.
 */
const unkeptMax = 100;

/** Keeps versions one after another, in the background: a save does not wait for the database. */
export interface Keeping {
  keep(file: string, version: WholeVersion): void;
  /** Resolves when all is kept that can be; what cannot is tried again with the next call. */
  settled(): Promise<void>;
}

export function openKeeping(keeper: VersionKeeper, bounds: KeptBounds, log: Log): Keeping {
  const unkept: { readonly file: string; readonly version: WholeVersion }[] = [];
  let work: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    for (let first = unkept[0]; first !== undefined; first = unkept[0]) {
      const { file, version } = first;
      try {
        await keeper.keep(file, version, bounds);
      } catch (error) {
        log.error(
          { file, version: version.version, error: String(error) },
          "A version of a trigger file could not be kept; it is tried again with the next save.",
        );
        return;
      }
      unkept.shift();
    }
  }

  function settled(): Promise<void> {
    work = work.then(write);
    return work;
  }

  return {
    keep(file, version) {
      unkept.push({ file, version });
      if (unkept.length > unkeptMax) unkept.shift();
      void settled();
    },
    settled,
  };
}

/** Keeps in memory, for an engine without a database: all begins anew with the next start. */
export function forgetfulKeeper(): VersionKeeper {
  const versions = new Map<string, WholeVersion[]>();
  const pins = new Map<string, TriggerPin>();
  const canaries = new Map<string, TriggerCanary>();
  const disabled = new Map<string, TriggerDisabled>();
  const of = (file: string) => versions.get(file) ?? [];
  return {
    state() {
      const latest = new Map<string, TriggerVersion>();
      for (const [file, [newest]] of versions) if (newest !== undefined) latest.set(file, newest);
      return Promise.resolve({
        latest,
        pins: new Map(pins),
        canaries: new Map(canaries),
        disabled: new Map(disabled),
      });
    },
    versions: (file) => Promise.resolve(of(file)),
    version: (file, version) => Promise.resolve(of(file).find((one) => one.version === version)),
    keep(file, version, { versionsKept }) {
      const others = of(file).filter((one) => one.version !== version.version);
      versions.set(file, [version, ...others].slice(0, versionsKept));
      return Promise.resolve();
    },
    pin: (file, pin) => Promise.resolve(put(pins, file, pin)),
    canary: (file, canary) => Promise.resolve(put(canaries, file, canary)),
    disabled: (name, one) => Promise.resolve(put(disabled, name, one)),
  };
}

/** Sets it, or takes it away. */
export function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
