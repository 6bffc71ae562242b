interface Branch<Leaf> {
  leaf: Leaf | undefined;
  readonly branches: Map<string, Branch<Leaf>>;
}

/** One value for each combination of labels. */
export interface Labelled<Leaf> {
  /** That of these labels, made when it is asked for the first time. */
  of(...labels: string[]): Leaf;
  all(): readonly { readonly labels: readonly string[]; readonly leaf: Leaf }[];
}

/**
 * A map of maps: a step for each label is a third of what it costs to join them to one key. The
 * number of labels is always the same.
 */
export function labelled<Leaf>(make: () => Leaf): Labelled<Leaf> {
  const root: Branch<Leaf> = { leaf: undefined, branches: new Map() };
  const all: { labels: readonly string[]; leaf: Leaf }[] = [];
  return {
    of(...labels) {
      let branch = root;
      for (const label of labels) {
        let next = branch.branches.get(label);
        if (next === undefined) {
          next = { leaf: undefined, branches: new Map() };
          branch.branches.set(label, next);
        }
        branch = next;
      }
      if (branch.leaf !== undefined) return branch.leaf;
      const leaf = make();
      branch.leaf = leaf;
      all.push({ labels, leaf });
      return leaf;
    },
    all: () => all,
  };
}
