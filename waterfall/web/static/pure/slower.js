// Which spans made one trace slower than another, or faster.

// Returns by how many seconds a pair differs: itself, and with all below it where it has no counterpart.
export const differenceOf = ({ left, right }) => (right ? right.duration : 0) - (left ? left.duration : 0);

const ownDifference = ({ left, right }) =>
  left && right ? right.own - left.own : right ? right.duration : -left.duration;

const WORTH = 0.1; // of the whole difference

// Returns the pairs that made most of the difference, `{pair, by}`, those that made it up before others.
export function mostOf(pairs, total, most = 3) {
  const least = Math.max(0.001, Math.abs(total) * WORTH);
  return pairs
    .map((pair) => ({ pair, by: ownDifference(pair) }))
    .filter(({ by }) => Math.abs(by) >= least && Math.sign(by) === Math.sign(total))
    .sort((one, other) => Math.abs(other.by) - Math.abs(one.by))
    .slice(0, most);
}

// Returns `slower`, `faster`, or nothing where a difference is no more than noise.
export function tendency(by, before) {
  if (Math.abs(by) < Math.max(0.001, before * 0.05)) return "";
  return by > 0 ? "slower" : "faster";
}
