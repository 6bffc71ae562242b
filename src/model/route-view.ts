/** The routing table as operators see it. */
export interface RouteTableView {
  /** In the order in which they are tried; a block before the rules in it. */
  readonly rules: readonly RouteRuleView[];
  readonly default: string | undefined;
}

export interface RouteRuleView {
  /** `rules[3].rules[0]` */
  readonly place: string;
  readonly name: string | undefined;
  /** Patterns by variable. */
  readonly match: Readonly<Record<string, string>>;
  /** Empty for a block and for a refusal. */
  readonly targets: readonly string[];
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly refuse: string | number | undefined;
}
