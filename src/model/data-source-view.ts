/** A database that triggers may ask. */
export interface DataSourceView {
  readonly name: string;
  /** A schema of our own database. */
  readonly own: boolean;
  /** Host, port and database; never a password. */
  readonly where: string;
  /** As in its URL; undefined when that names none. */
  readonly role: string | undefined;
  readonly readOnly: boolean;
  readonly timeoutMs: number;
  readonly rowsMax: number;
  readonly octetsMax: number;
  readonly connectionsMax: number;
  /** Statements since the gateway started, and those of them that failed; 0 without a gateway. */
  readonly calls: number;
  readonly errors: number;
  /** Of a statement; undefined when there was none. */
  readonly meanMs: number | undefined;
  readonly lastError: { readonly atMs: number; readonly text: string } | undefined;
}

/** What `datasource test` found. */
export type DataSourceTestView =
  | {
      readonly name: string;
      readonly ok: true;
      /** As the settings say. */
      readonly readOnly: boolean;
      readonly where: string;
      readonly version: string;
      readonly role: string;
      readonly database: string;
      readonly tls: boolean;
      readonly connectMs: number;
      /** Of a statement that does nothing. */
      readonly answerMs: number;
      readonly warnings: readonly string[];
    }
  | {
      readonly name: string;
      readonly ok: false;
      readonly readOnly: boolean;
      readonly where: string;
      readonly trouble: { readonly what: string; readonly advice: string };
    };
