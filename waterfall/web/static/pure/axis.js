// One time axis: round ticks for a span of seconds.

const STEPS = [1, 2, 5];

// Returns the ticks from 0 to `span`, about `most` of them or fewer, each a multiple of a round step.
export function ticks(span, most) {
  if (!(span > 0) || most < 1) return [0];
  const power = 10 ** Math.floor(Math.log10(span / most));
  const step = [...STEPS, 10].map((factor) => factor * power).find((size) => span / size <= most);
  return Array.from({ length: Math.floor(span / step + 1e-9) + 1 }, (_, index) => index * step);
}

// Returns where a stretch lies on the axis, as shares of its length.
export function place(start, end, span) {
  if (!(span > 0)) return { from: 0, width: 1 };
  const from = Math.min(1, Math.max(0, start / span));
  return { from, width: Math.max(0, Math.min(1, end / span) - from) };
}
