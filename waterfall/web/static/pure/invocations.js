// Which invocation a row of the waterfall belongs to.

// Returns the index of the invocation that a node is part of; for Lambda's own segment, of the run below it.
export function invocationAt(nodes, invocations, position) {
  const byNode = new Map(
    invocations.map(({ node }, index) => [node, index]).filter(([node]) => node !== null),
  );
  for (let at = position; at !== null && at !== undefined; at = nodes[at].parent) {
    if (byNode.has(at)) return byNode.get(at);
    if (nodes[at].type === "AWS::Lambda" && nodes[at].kind === "segment") return runBelow(nodes, byNode, at);
  }
  return null;
}

function runBelow(nodes, byNode, position) {
  for (let next = position + 1; next < nodes.length && nodes[next].depth > nodes[position].depth; next += 1) {
    if (byNode.has(next)) return byNode.get(next);
  }
  return null;
}

// Returns all lines in the order of time, each with the index of its invocation.
export function inOrder(invocations) {
  return invocations
    .flatMap(({ lines }, index) => lines.map((line) => ({ ...line, index })))
    .sort((a, b) => a.time - b.time);
}

const USUAL = new Set([
  "message",
  "msg",
  "level",
  "log_level",
  "timestamp",
  "time",
  "logger",
  "requestId",
  "xray_trace_id",
  "trace_id",
  "span_id",
  "stackTrace",
]);

// Returns what a handler added to its line.
export const extras = (line) =>
  line.kind === "log" ? Object.entries(line.fields).filter(([key]) => !USUAL.has(key)) : [];
