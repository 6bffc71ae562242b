import { open } from "node:fs/promises";
import { type ErrorCode, GatewayError } from "../model/error.ts";

/** What is done to files, with errors of this code that name the file and the system's reason. */
export interface NamedFiles {
  named<T>(file: string, work: Promise<T>): Promise<T>;
  /** A name is on disk only when its folder is. */
  syncFolder(folder: string): Promise<void>;
}

export function filesBlaming(code: ErrorCode): NamedFiles {
  return { named, syncFolder };

  async function named<T>(file: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError(code, `${file}: ${why}.`, { cause });
    }
  }

  async function syncFolder(folder: string): Promise<void> {
    const handle = await named(folder, open(folder, "r"));
    try {
      await named(folder, handle.sync());
    } finally {
      await handle.close();
    }
  }
}
