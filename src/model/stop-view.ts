/**
 * `resting`: a pause after an answer such as 0x58. `open`: a breaker, because too many tries failed;
 * `halfOpen`: it is being found out with one message whether that is over.
 */
export interface StopView {
  /** Of a channel that customers bind to, whose queue it is. */
  readonly queue: string;
  readonly what: "resting" | "open" | "halfOpen";
  /** undefined: until a message shows it. */
  readonly untilMs: number | undefined;
  readonly why: string;
}
