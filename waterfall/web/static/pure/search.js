// Finding spans by a part of anything that is known of them.

import { plain } from "./format.js";

// What is looked through, each with the word for where it is.
const FIELDS = [
  ["name", (node) => [node.name, node.operation, node.resource]],
  [
    "exceptions",
    (node) =>
      node.exceptions.flatMap(({ type, message, stack }) => [`${type}: ${message}`, ...stack.map(line)]),
  ],
  ["annotations", (node) => pairs(node.annotations)],
  ["metadata", (node) => pairs(node.metadata)],
  ["request", (node) => [node.method, node.url, node.http_status]],
  ["id", (node) => [node.id, node.parent_id]],
  ["type", (node) => [node.type, node.namespace]],
  ["notes", (node) => node.notes.map(({ anomaly, reason }) => `${anomaly}: ${reason}`)],
  ["links", (node) => node.links.map(({ trace_id: traceId }) => traceId)],
];

const line = ({ path, line: number, label }) => `${path}:${number ?? ""} ${label}`;
const pairs = (values) => Object.entries(values).map(([key, value]) => `${key} = ${plain(value)}`);

const textOf = (parts) =>
  parts
    .filter((part) => part !== null && part !== undefined && part !== "")
    .join("\n")
    .toLowerCase();

// Returns what is looked through of a node: `[[where, text], …]`.
export const searchable = (node) =>
  FIELDS.map(([where, of]) => [where, textOf(of(node))]).filter(([, text]) => text !== "");

export const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

// Returns where each word stands, or `null` when one of them stands nowhere.
export function whereIn(texts, wanted) {
  const places = wanted.map((word) => texts.find(([, text]) => text.includes(word))?.[0]);
  return places.length && !places.includes(undefined) ? [...new Set(places)] : null;
}

const known = new WeakMap(); // thousands of spans, for each key that is typed

function textsOf(node) {
  if (!known.has(node)) known.set(node, searchable(node));
  return known.get(node);
}

// Returns the spans that have every word: `{position, where}`, in their order.
export function search(nodes, text) {
  const wanted = words(text);
  if (!wanted.length) return [];
  return nodes
    .map((node, position) => ({ position, where: whereIn(textsOf(node), wanted) }))
    .filter(({ where }) => where !== null);
}
