/** What one trigger file, or several together, keep. */
export interface KvNamespaceView {
  readonly namespace: string;
  readonly entries: number;
}

export interface KvEntryView {
  readonly key: string;
  readonly value: unknown;
  /** Milliseconds since 1970 UTC; undefined: until it is deleted. */
  readonly expiresMs: number | undefined;
}

export interface KvPageView {
  readonly entries: readonly KvEntryView[];
  /** The last key of the page; undefined: there is no other page. */
  readonly next: string | undefined;
}
