/** Whose messages to a number, a range, a prefix or a keyword are. */
export interface NumberView {
  /** `+31600000000`, `+31600000000-+31600000099` or `+3161*`. */
  readonly pattern: string;
  /** The first word of the text, folded; empty: whatever the text is. */
  readonly keyword: string;
  readonly account: string;
  /** Who put it there. */
  readonly by: string;
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
}

export interface NumbersPageView {
  readonly numbers: readonly NumberView[];
  /** For `after` of the next page; undefined: this was the last one. */
  readonly next: string | undefined;
}

/** What an import has done. */
export interface NumbersImportView {
  readonly added: number;
  /** They stood there already. */
  readonly same: number;
  readonly removed: number;
}

/** Who gets what comes in for a number. */
export interface OwnerView {
  /** undefined: nobody. */
  readonly account: string | undefined;
  /** The row that says so, such as `prefix +3161*`; undefined: it is a number of the account itself. */
  readonly by: string | undefined;
}

/** A number to which nothing may be sent. */
export interface OptOutView {
  /** Without its `+`. */
  readonly number: string;
  /** Whose messages it wants no more; empty: nobody's. */
  readonly account: string;
  /** Who put it there: `message` it did so itself, `trigger NAME`, or an operator. */
  readonly by: string;
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
}

export interface OptOutsPageView {
  readonly optOuts: readonly OptOutView[];
  /** For `after` of the next page; undefined: this was the last one. */
  readonly next: string | undefined;
}

export interface OptOutsImportView {
  readonly added: number;
  /** They stood there already. */
  readonly same: number;
}
