// The rows of a waterfall: its open nodes in reading order, each followed by what is said under it.

import { cut, later, ownAnnotations, plain } from "./format.js";

// Returns rows `{kind: "node", node}` and `{kind: "remark", node, tone, text, traceId?}`; `received` are the
// traces that received a message of a node's, by its position.
export function visibleRows(nodes, closed, received = new Map()) {
  const rows = [];
  let hiddenBelow = Infinity;
  nodes.forEach((node, position) => {
    if (node.depth > hiddenBelow) return;
    const isClosed = closed.has(position) && hasChildren(nodes, position);
    hiddenBelow = isClosed ? node.depth : Infinity;
    rows.push({ kind: "node", node, position, open: !isClosed });
    for (const remark of remarks(node, received.get(position) ?? []))
      rows.push({ kind: "remark", node, position, ...remark });
  });
  return rows;
}

// Nodes come right before their children, so the next one tells.
export const hasChildren = (nodes, position) => nodes[position + 1]?.parent === position;

export function withChildren(nodes) {
  return nodes.map((_, position) => position).filter((position) => hasChildren(nodes, position));
}

const MOST_EXCEPTIONS = 3;

// What a node's bar is drawn as; other people's libraries say `local` of what is the function's own.
export function toneOf(node) {
  if (node.phase) return ["overhead", "paused"].includes(node.phase) ? "overhead" : "phase";
  if (node.kind === "segment") return "segment";
  return node.namespace && node.namespace !== "local" ? "call" : "sub";
}

const WIDEST_STEP = 14;

// Returns the pixels by which each level is indented, so that the deepest row has half of the room left.
export function stepOf(rows, room) {
  const deepest = rows.reduce((most, { node }) => Math.max(most, node.depth), 0);
  return deepest ? Math.min(WIDEST_STEP, room / 2 / deepest) : WIDEST_STEP;
}

function* remarks(node, received) {
  const tone = node.status === "ok" ? "fault" : node.status;
  for (const [index, exception] of node.exceptions.slice(0, MOST_EXCEPTIONS).entries()) {
    const own = exception.line;
    const where = own ? ` (${own.path}${own.line === null ? "" : `:${own.line}`})` : "";
    yield {
      tone,
      sign: "✗",
      text: cut(`${index ? "caused by " : ""}${exception.type}: ${exception.message}${where}`),
    };
  }
  for (const note of node.notes) {
    if (note.anomaly !== "early" && note.anomaly !== "late") {
      yield { tone: "note", sign: "⚠", text: cut(`${note.anomaly}: ${note.reason}`, 500) };
    }
  }
  for (const other of node.links)
    yield { tone: "link", sign: "←", text: "linked to trace ", traceId: other.trace_id };
  for (const other of received)
    yield {
      tone: "link",
      sign: "→",
      text: `received ${other.after === null ? "" : `${later(other.after)} `}by `,
      traceId: other.id,
      traceName: other.name,
    };
  const annotations = ownAnnotations(node.annotations);
  if (annotations.length) {
    yield {
      tone: "annotation",
      sign: "#",
      text: cut(annotations.map(([key, value]) => `${key} = ${plain(value)}`).join("   ")),
    };
  }
}

// Returns which rows of a fixed height are in sight, and a few around them.
export function window(count, height, top, room, around = 12) {
  const first = Math.max(0, Math.floor(top / height) - around);
  return { first, last: Math.min(count, Math.ceil((top + room) / height) + around) };
}
