// Response times in bins whose widths grow, so that 3 ms and 3 s are both readable.

const EDGES = [
  0,
  ...[0.001, 0.01, 0.1, 1, 10, 100].flatMap((power) => [1, 1.5, 2, 3, 5, 7].map((step) => step * power)),
  1000,
];

// Returns bins `{from, to, total, ok, error, throttle, fault}` from the fastest to the slowest trace.
export function bins(traces) {
  const found = EDGES.slice(0, -1).map((from, index) => ({
    from,
    to: EDGES[index + 1],
    total: 0,
    ok: 0,
    error: 0,
    throttle: 0,
    fault: 0,
  }));
  for (const trace of traces) {
    const bin = found[binOf(responseTime(trace))];
    bin.total += 1;
    bin[trace.status] += 1;
  }
  const used = found.map((bin, index) => (bin.total ? index : -1)).filter((index) => index >= 0);
  if (!used.length) return [];
  return found.slice(Math.max(0, used[0] - 2), used.at(-1) + 3);
}

export const responseTime = (trace) => trace.response_time ?? trace.duration;

function binOf(seconds) {
  let index = 0;
  while (index < EDGES.length - 2 && seconds >= EDGES[index + 1]) index += 1;
  return index;
}

// Returns the least value that at least `share` of the values do not exceed.
export function percentile(values, share) {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
