// What stands around a chart: its tools, what its colours mean, and what is seen until a trace has come.

import { h } from "../dom.js";
import { withChildren } from "../pure/rows.js";

const TONES = [
  ["segment", "segment"],
  ["sub", "own code"],
  ["call", "call"],
  ["phase", "cold start"],
  ["overhead", "overhead"],
  ["critical", "critical path"],
  ["pause", "in the debugger"],
];

export const legend = () =>
  h(
    "div",
    { class: "legend", "aria-hidden": "true", hidden: true },
    TONES.map(([tone, text]) => h("span", {}, h("i", { class: tone }), text)),
  );

// `logs` tells whether they are open, `null` where there are none.
export const toolsOf = ({ state, isZoomed, logs, toggleAll, toggleCritical, toggleLogs, zoomOut }) => [
  tool("Open or close all (e)", toggleAll, state.closed.size ? "Expand all" : "Collapse all", {
    disabled: !withChildren(state.trace.nodes).length,
  }),
  tool("What the trace was waiting for, at every moment (p)", toggleCritical, "Critical path", {
    "aria-pressed": String(state.critical),
  }),
  logs === null
    ? null
    : tool("What the functions wrote (l)", toggleLogs, "Logs", { "aria-pressed": String(logs) }),
  isZoomed ? tool("Show the whole time again (0)", zoomOut, "Whole time", { class: "quiet zoomout" }) : null,
];

const tool = (title, onclick, name, attributes) =>
  h("button", { type: "button", class: "quiet", title, onclick, ...attributes }, name);

const WIDTHS = [
  [38, 0, 100],
  [30, 1, 97],
  [26, 2, 60],
  [34, 10, 45],
  [22, 12, 38],
  [28, 52, 30],
  [24, 84, 12],
];

// A chart that has not come yet.
export const waiting = () =>
  h(
    "div",
    { class: "skeleton panel", role: "status", "aria-label": "Reading the trace" },
    WIDTHS.map(([name, from, width]) =>
      h(
        "div",
        { "aria-hidden": "true" },
        h("i", { style: { width: `${name * 0.9}%` } }),
        h(
          "span",
          {},
          h("i", { style: { "margin-left": `${from}%`, width: `${Math.min(width, 100 - from)}%` } }),
        ),
      ),
    ),
  );
