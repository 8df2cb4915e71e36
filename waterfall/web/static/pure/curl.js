// A request as a command for a POSIX shell.

// Set by whoever sends, or by what is on the way; the last two would put the answer into the same trace.
const OWN = new Set(
  (
    "host content-length connection accept-encoding user-agent x-forwarded-for x-forwarded-port " +
    "x-forwarded-proto x-amzn-trace-id traceparent tracestate"
  ).split(" "),
);

// Of `{method, url, headers, body, size}`, of which the last three are `null` where they are not known.
export function curl({ method, url, headers, body, size }) {
  const words = ["curl"];
  if (method && method !== (body ? "POST" : "GET"))
    words.push(method === "HEAD" ? "--head" : `--request ${method}`);
  for (const [name, value] of headers ?? [])
    if (!OWN.has(name.toLowerCase()) && !(name.toLowerCase() === "accept" && value === "*/*"))
      words.push(`--header ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`);
  if (body) words.push(`--data-raw ${quoted(body)}`);
  words.push(quoted(url));
  const command = words.join(words.length > 3 ? " \\\n  " : " ");
  return size && !body ? `${command}  # without its body of ${size} bytes` : command;
}

// Plain where a shell takes it so; text with line breaks stays as it is between quotes.
export const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
