// One time axis: round ticks for a stretch of seconds.

const STEPS = [1, 2, 5];

// Returns the distance of about `most` ticks or fewer on `span` seconds: a round one.
export function stepOf(span, most) {
  const power = 10 ** Math.floor(Math.log10(span / most));
  return [...STEPS, 10].map((factor) => factor * power).find((size) => span / size <= most);
}

// Returns the ticks from `from` to `span` seconds after it, each a multiple of a round step.
export function ticks(span, most, from = 0) {
  if (!(span > 0) || most < 1) return [from];
  const step = stepOf(span, most);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor((from + span) / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

// Returns what a tick is called among others a step apart: with as many digits as tell them apart.
export function tickName(seconds, step, until) {
  if (until >= 60 && step >= 1) {
    const [minutes, rest] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
    return minutes ? `${minutes}m ${String(rest).padStart(2, "0")}s` : `${rest} s`;
  }
  const [unit, factor] = until >= 1 ? ["s", 1] : ["ms", 1000];
  const digits = Math.max(0, Math.ceil(-Math.log10(step * factor) - 1e-9));
  return `${(seconds * factor).toFixed(Math.min(digits, 6))} ${unit}`;
}

// Returns where a stretch lies on an axis of `span` seconds that begins at `from`, as shares of its length;
// `null` when it lies outside.
export function place(start, end, span, from = 0) {
  if (!(span > 0)) return { from: 0, width: 1 };
  if (end < from || start > from + span) return null;
  const left = Math.min(1, Math.max(0, (start - from) / span));
  return { from: left, width: Math.max(0, Math.min(1, (end - from) / span) - left) };
}
