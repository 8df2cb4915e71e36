// What is shown of a time axis: from when to when, in seconds after its beginning.

const LEAST_SHARE = 1e-5;
const LEAST = 1e-5; // seconds: clocks tell no less

// Returns the stretch between two moments, inside the axis and not shorter than what can be told apart.
export function stretch(one, other, span) {
  const least = Math.min(span, Math.max(LEAST, span * LEAST_SHARE));
  const length = Math.min(span, Math.max(least, Math.abs(other - one)));
  const middle = (one + other) / 2;
  const from = Math.min(Math.max(0, middle - length / 2), span - length);
  return { from, to: from + length };
}

// Returns a stretch `factor` times as long, in which `at` stays where it is.
export function zoomed({ from, to }, factor, at, span) {
  const length = Math.min(span, (to - from) * factor);
  const share = to > from ? (at - from) / (to - from) : 0.5;
  const first = Math.min(Math.max(0, at - share * length), span - length);
  return stretch(first, first + length, span);
}

// Returns a stretch moved by a share of its own length, as far as the axis goes.
export function moved({ from, to }, share, span) {
  const length = to - from;
  const first = Math.min(Math.max(0, from + share * length), span - length);
  return { from: first, to: first + length };
}

export const isWhole = ({ from, to }, span) => from <= span * 1e-6 && to >= span * (1 - 1e-6);

// As it stands in an address: `0.314-2.315`.
export const written = ({ from, to }) => `${short(from)}-${short(to)}`;

const short = (seconds) => String(Number(seconds.toFixed(6)));

// Returns what an address says, or `null` when it is no stretch of this axis.
export function read(text, span) {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "");
  if (!match) return null;
  const [from, to] = [Number(match[1]), Number(match[2])];
  if (!(from < to) || from >= span) return null;
  const found = stretch(from, Math.min(to, span), span);
  return isWhole(found, span) ? null : found;
}
