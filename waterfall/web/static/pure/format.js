// Words and figures for people. The same forms as the terminal's.

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 0.00995) return seconds < 0.00005 ? "0 ms" : `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 0.9995) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 59.95) return seconds < 9.995 ? `${seconds.toFixed(2)} s` : `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const [minutes, hours, days] = [
    Math.floor(whole / 60),
    Math.floor(whole / 3600),
    Math.floor(whole / 86400),
  ];
  if (!hours) return `${minutes}m ${two(whole % 60)}s`;
  if (!days) return `${hours}h ${two(minutes % 60)}m`;
  return days < 100 ? `${days}d ${two(hours % 24)}h` : `${days} d`;
}

// How much longer or shorter something was: `+120 ms`, `−3.0 ms`, `±0`.
export function difference(seconds) {
  if (Math.abs(seconds) < 0.00005) return "±0 ms";
  return `${seconds > 0 ? "+" : "−"}${duration(Math.abs(seconds))}`;
}

// How long after a message was sent it was received: `30.0 s later`.
export const later = (seconds) => (seconds > 0 ? `${duration(seconds)} later` : "at once");

// A moment of a trace, to the millisecond: `0.571 s`.
export const moment = (seconds) => (Math.abs(seconds) < 60 ? `${seconds.toFixed(3)} s` : duration(seconds));

export function age(seconds) {
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86400)} d ago`;
}

export const rate = (perMinute) => {
  if (perMinute === null || perMinute === undefined) return "";
  if (perMinute >= 60) return `${count(perMinute / 60)}/s`;
  if (perMinute > 0 && perMinute < 0.05) return "< 0.1/min";
  return `${perMinute < 9.95 ? perMinute.toFixed(1) : perMinute.toFixed(0)}/min`;
};

export function count(number) {
  if (number < 10) return String(Math.round(number * 10) / 10);
  if (number < 10000) return String(Math.round(number));
  return number < 999500 ? `${(number / 1000).toFixed(0)}k` : `${(number / 1e6).toFixed(1)}M`;
}

const two = (number) => String(number).padStart(2, "0");
export function clock(seconds, digits = 0) {
  const date = new Date(seconds * 1000);
  const tail = digits ? `.${String(date.getMilliseconds()).padStart(3, "0").slice(0, digits)}` : "";
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${tail}`;
}
export function day(seconds) {
  const date = new Date(seconds * 1000);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export const shortType = (type) => (type ? type.replace(/^AWS::/, "").replaceAll("::", " ") : "");

// A URL's path and query, which tell requests of one API apart.
export function pathOf(url) {
  try {
    const parts = new URL(url);
    return parts.pathname + parts.search;
  } catch {
    return url;
  }
}

export const ownAnnotations = (annotations) =>
  Object.entries(annotations).filter(([key]) => !key.startsWith("aws:") && !key.startsWith("aws."));

// A long text's beginning: what lies beyond no row could show.
export const cut = (text, most = 300) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));
