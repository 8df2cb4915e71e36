// Words about where a trace failed and of what.

// Where: the service, and what failed in it when that has another name.
export const where = ({ service, span }) => (span === service ? service : `${service} › ${span}`);

// The exception without its module, or in a word what happened.
export const kindOfFailure = ({ exception, kind }) =>
  exception ? exception.slice(exception.lastIndexOf(".") + 1) : kind === "fault" ? "Fault" : "Error";

// What: the exception and its message, as far as they are known.
export const what = (failure) =>
  [failure.exception ? kindOfFailure(failure) : null, failure.message].filter(Boolean).join(": ");

// Whether it tells more than the status of the trace does.
export const tellsMore = ({ failure, entry }) =>
  Boolean(failure && (what(failure) || failure.service !== entry || failure.span !== entry));

// The time that a trace id carries, in seconds.
export function timeOf(id) {
  const match = /^1-([0-9a-f]{8})-/.exec(id ?? "");
  return match ? Number.parseInt(match[1], 16) : null;
}
