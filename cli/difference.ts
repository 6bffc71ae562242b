/** A line of two texts that are laid beside each other: of both, of the old or of the new one only. */
export interface DifferentLine {
  readonly sign: " " | "-" | "+";
  readonly line: string;
}

/** Lines beyond which two texts are no longer matched line by line: that takes lines times lines. */
const linesMax = 1_000;

/** What must go from one text and come to it so that it is the other: by the longest common sequence. */
export function lineDifference(before: string, after: string): readonly DifferentLine[] {
  const one = before.split("\n");
  const other = after.split("\n");
  if (one.length > linesMax || other.length > linesMax)
    return [...one.map((line) => gone(line)), ...other.map((line) => come(line))];
  const lengths = commonLengths(one, other);
  const lines: DifferentLine[] = [];
  let at = 0;
  let to = 0;
  while (at < one.length && to < other.length) {
    if (one[at] === other[to]) {
      lines.push({ sign: " ", line: one[at++] ?? "" });
      to++;
    } else if ((lengths[at + 1]?.[to] ?? 0) >= (lengths[at]?.[to + 1] ?? 0))
      lines.push(gone(one[at++]));
    else lines.push(come(other[to++]));
  }
  while (at < one.length) lines.push(gone(one[at++]));
  while (to < other.length) lines.push(come(other[to++]));
  return lines;
}

/** How many lines the rests have in common, from each pair of places on. */
function commonLengths(one: readonly string[], other: readonly string[]): readonly Uint16Array[] {
  const lengths = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
  for (let at = one.length - 1; at >= 0; at--)
    for (let to = other.length - 1; to >= 0; to--) {
      const row = lengths[at];
      const below = lengths[at + 1];
      if (row === undefined || below === undefined) continue;
      row[to] =
        one[at] === other[to]
          ? (below[to + 1] ?? 0) + 1
          : Math.max(below[to] ?? 0, row[to + 1] ?? 0);
    }
  return lengths;
}

function gone(line = ""): DifferentLine {
  return { sign: "-", line };
}

function come(line = ""): DifferentLine {
  return { sign: "+", line };
}
