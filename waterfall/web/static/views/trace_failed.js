// Where a failed trace failed: the exception, its line, and the way to the span.

import { h } from "../dom.js";
import { cut } from "../pure/format.js";

// `failed` is the trace's; `reveal(position)` shows the row of a span.
export function failedBox(trace, reveal) {
  const { origin, outcome, waiting } = trace.failed;
  return h(
    "div",
    { class: "failed", role: "note" },
    h(
      "p",
      {},
      h("b", {}, "Failed at "),
      spanLink(trace, origin.node, reveal, origin.type ? "exceptions" : "overview"),
      ": ",
      told(trace, origin),
    ),
    outcome
      ? h(
          "p",
          { class: "further" },
          "which became ",
          told(trace, outcome),
          " at ",
          spanLink(trace, outcome.node, reveal, "exceptions"),
        )
      : null,
    waiting === null
      ? null
      : h(
          "p",
          { class: "further" },
          "It was waiting for ",
          spanLink(trace, waiting, reveal, "overview"),
          ".",
        ),
  );
}

function told(trace, { node, type, message, frame }) {
  if (!type) return [reason(trace.nodes[node]), ", without an exception"];
  return [
    h("span", { class: "what" }, cut(message ? `${type}: ${message}` : type, 600)),
    frame
      ? h(
          "span",
          { class: "where mono", title: cut(`${frame.path} ${frame.label}`, 500) },
          ` ${cut(frame.path, 200)}${frame.line === null ? "" : `:${frame.line}`}`,
          frame.label ? h("span", { class: "dim" }, ` in ${cut(frame.label, 80)}`) : null,
        )
      : null,
  ];
}

function reason({ status, http_status: http }) {
  const word = { error: "an error", throttle: "throttled", fault: "a fault" }[status];
  return http === null ? word : `${word}, HTTP ${http}`;
}

const spanLink = (trace, position, reveal, tab) =>
  h(
    "button",
    { type: "button", class: "textlink", onclick: () => reveal(position, tab) },
    nameOf(trace.nodes[position]),
  );

const nameOf = (node) =>
  [node.name, node.operation, node.resource]
    .filter(Boolean)
    .map((part) => cut(part, 60))
    .join(" ");
