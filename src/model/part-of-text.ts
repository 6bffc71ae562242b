/** Where in a longer text a part stands, as its sender says. */
export interface PartOfText {
  /** How it is said: by the header, with a reference of 8 or 16 bits, or by three TLVs. */
  readonly by: "udh8" | "udh16" | "sar";
  /** Equal in all parts of the text, 0-65,535. */
  readonly reference: number;
  /** 1 to `total`. */
  readonly number: number;
  /** 1-255. */
  readonly total: number;
}
