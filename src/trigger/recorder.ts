import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The flight recorder: 24 octets that the host writes before it enters a trigger and after it has
 * left it, so that a host which hangs or dies without a word has told where it was. A file and not
 * a message, because it must be there at once (about 1 µs) and survive the writer.
 */
export interface Position {
  /** Grows by one with each entry and each leaving. */
  readonly counter: number;
  /** The slot of the trigger inside which the host is, minus the isolate's number while it loads one, 0 outside. */
  readonly slot: number;
  /** The event's key when it is the only one in there, else 0. */
  readonly key: number;
}

export interface Recorder {
  /** To be handed to the child; the file has no name any more. */
  readonly descriptor: number;
  read(): Position;
  close(): void;
}

export function openRecorder(): Recorder {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-host-"));
  const descriptor = openSync(join(folder, "recorder"), "w+", 0o600);
  rmSync(folder, { recursive: true });
  const fields = new Float64Array(3);
  const octets = new Uint8Array(fields.buffer);
  return {
    descriptor,
    read() {
      readSync(descriptor, octets, 0, octets.length, 0);
      return { counter: fields[0] ?? 0, slot: fields[1] ?? 0, key: fields[2] ?? 0 };
    },
    close: () => closeSync(descriptor),
  };
}

/** The host's end. Slot 0 means that it has left. */
export function positionWriter(descriptor: number): (slot: number, key: number) => void {
  const fields = new Float64Array(3);
  const octets = new Uint8Array(fields.buffer);
  let counter = 0;
  return (slot, key) => {
    fields[0] = ++counter;
    fields[1] = slot;
    fields[2] = key;
    writeSync(descriptor, octets, 0, octets.length, 0);
  };
}
