// The page's state is its address. Views read it once, and write what changes.

export const query = () => new URLSearchParams(location.search);

// Writes changes into the address; `null` takes a key out. Typing and scrolling replace, choices push.
export function remember(changes, { push = false } = {}) {
  const next = query();
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") next.delete(key);
    else next.set(key, value);
  }
  const address = addressOf(location.pathname, next);
  if (address === location.pathname + location.search) return;
  if (push) history.pushState(null, "", address);
  else history.replaceState(history.state, "", address);
}

export function addressOf(path, values) {
  const given =
    values instanceof URLSearchParams
      ? values
      : new URLSearchParams(
          Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== ""),
        );
  const search = given.toString();
  return search ? `${path}?${search}` : path;
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 };

// Returns the API's parameters for the time in the address: `since=15m`, or `start` and `end` in seconds.
export function timeAsked(values, most = Infinity) {
  if (values.has("start") && values.has("end")) return { start: values.get("start"), end: values.get("end") };
  return { since: Math.min(most, secondsOf(values.get("since")) ?? 3600) };
}

export function secondsOf(text) {
  const match = /^(\d+)([smhd])$/.exec(text ?? "");
  return match ? Number(match[1]) * SECONDS[match[2]] : null;
}
