// Words about where a trace failed and of what.

// Where: the service, and what failed in it when that has another name.
export const where = ({ service, span }) => (span === service ? service : `${service} › ${span}`);

// What: the exception and its message, as far as they are known.
export const what = ({ exception, message }) => [exception, message].filter(Boolean).join(": ");

// The time that a trace id carries, in seconds.
export function timeOf(id) {
  const match = /^1-([0-9a-f]{8})-/.exec(id ?? "");
  return match ? Number.parseInt(match[1], 16) : null;
}
