// Response times of traces, and the bins in which the console's server counts them.

export const STATUSES = ["ok", "error", "throttle", "fault"];

export const responseTime = (trace) => trace.response_time ?? trace.duration;

// Makes `[from, to, {status: count}]` into `{from, to, total, ok, error, throttle, fault}`.
export const bins = (told) =>
  told.map(([from, to, counts]) => ({
    from,
    to,
    total: STATUSES.reduce((sum, status) => sum + (counts[status] ?? 0), 0),
    ...Object.fromEntries(STATUSES.map((status) => [status, counts[status] ?? 0])),
  }));

// The share of a status among all, as it is shown: `0.4 %`, `12 %`, `–` without any.
export function shareOf({ total, outcomes }, status) {
  if (!total) return "–";
  const share = (outcomes[status] / total) * 100;
  return `${share > 0 && share < 9.95 ? share.toFixed(1) : share.toFixed(0)} %`;
}
