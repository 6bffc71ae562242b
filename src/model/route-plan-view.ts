/** Where a message goes: a channel, `channel/account`, or `refused: …`. */
export interface RoutePlanWay {
  readonly way: string;
  /** Of the whole message, as in `amount.ts`; undefined: the price is not known. */
  readonly cost: string | undefined;
}

export interface RoutePlanSum {
  readonly messages: number;
  readonly parts: number;
  /** Of those whose price is known. */
  readonly cost: string;
  /** Messages whose price is not known. */
  readonly unpriced: number;
}

/** What another table of routes would have made of the messages of a time. */
export interface RoutePlanView {
  readonly messages: number;
  /** Those that would have gone elsewhere. */
  readonly moved: number;
  /** How many of those were told one by one. */
  readonly listed: number;
  readonly before: RoutePlanSum;
  readonly after: RoutePlanSum;
  readonly ways: readonly {
    readonly way: string;
    readonly before: RoutePlanSum;
    readonly after: RoutePlanSum;
  }[];
}
