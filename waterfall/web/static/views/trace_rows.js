// The rows of a waterfall: a node with its bar, or a remark about one.

import { h, link } from "../dom.js";
import { icon, kindOfNode } from "../icons.js";
import { foldButton, statusPill } from "../parts.js";
import { place } from "../pure/axis.js";
import { cut, duration, plain, shortType } from "../pure/format.js";
import { hasChildren, toneOf } from "../pure/rows.js";

const DEEP = 24; // from here on a figure helps to tell levels apart

const sum = (pauses) => pauses.reduce((total, pause) => total + pause.seconds, 0);

const indent = (depth) => h("span", { class: "indent", style: { width: `calc(${depth} * var(--step))` } });

// `state` is the view's, `span()` the trace's seconds, `shown()` what is in sight of them; a row is
// `{node, position}` and more. `isFound` tells whether the search found a node.
export function rowsOf({ state, span, shown, toggleNode, choose, isFound }) {
  function nodeRow({ node, position, open }) {
    const parent = hasChildren(state.trace.nodes, position);
    const toggle = parent
      ? foldButton(open, {
          tabindex: "-1",
          "aria-label": open ? "Close" : "Open",
          onclick: (event) => {
            event.stopPropagation();
            toggleNode(position);
          },
        })
      : h("span", { class: "toggle" });
    const row = h(
      "div",
      {
        class: ["row", node.status, position === state.chosen && "chosen", isFound(position) && "match"]
          .filter(Boolean)
          .join(" "),
        role: "treeitem",
        id: `node-${position}`,
        "data-position": position,
        "aria-level": node.depth + 1,
        "aria-expanded": parent ? String(open) : null,
        "aria-selected": String(position === state.chosen),
      },
      h(
        "div",
        {
          class: "name",
          title: cut([node.name, node.operation, node.resource].filter(Boolean).join(" "), 1000),
        },
        indent(node.depth),
        node.depth > DEEP ? h("span", { class: "depth", title: "levels below the first" }, node.depth) : null,
        toggle,
        icon(kindOfNode(node)),
        h("span", { class: `text ${node.kind}` }, nameOf(state.trace, node, position)),
        node.cold_start ? h("span", { class: "badge" }, "cold start") : null,
        "fault.injected" in node.annotations && !node.name.startsWith("injected ")
          ? h(
              "span",
              {
                class: "badge injected",
                title: `injected by ${cut(plain(node.annotations["fault.injected"]), 200)}`,
              },
              "injected",
            )
          : null,
        !open ? h("span", { class: "badge count" }, `+${hiddenBelow(position)}`) : null,
        node.http_status !== null || node.status !== "ok" || node.unfinished ? statusPill(node) : null,
        h("span", { class: "type" }, shortType(cut(node.type ?? "", 60))),
      ),
      h("div", { class: "lane" }, bar(node)),
    );
    row.addEventListener("click", () => choose(position, { toggle: true }));
    return row;
  }

  function hiddenBelow(position) {
    const { nodes } = state.trace;
    let next = position + 1;
    while (next < nodes.length && nodes[next].depth > nodes[position].depth) next += 1;
    return next - position - 1;
  }

  function bar(node) {
    const { from: begin, to } = shown();
    const placed = (start, stop) => place(start, stop, to - begin, begin);
    const end = node.duration === null ? span() : node.offset + node.duration;
    const pauses = node.pauses ?? [];
    const seconds = node.phase === "paused" ? sum(pauses) : (node.duration ?? end - node.offset);
    const took = duration(seconds) + (node.unfinished ? "+" : "");
    const found = placed(node.offset, end);
    if (!found)
      return end < begin
        ? h("span", { class: "took beyond", style: { left: 0 } }, `‹ ${took}`)
        : h("span", { class: "took beyond", style: { right: 0 } }, `${took} ›`);
    const { from, width } = found;
    const side = from + width < 0.84 ? "after" : from > 0.16 ? "before" : "inside";
    return [
      h("i", {
        class: `bar ${toneOf(node)} ${node.status} ${node.unfinished ? "open" : ""}`,
        style: { left: percent(from), width: percent(width) },
      }),
      state.critical
        ? node.critical
            .filter(([start, stop]) => stop - start > (to - begin) / 1000)
            .map(([start, stop]) => placed(start, stop))
            .filter(Boolean)
            .map((one) =>
              h("i", { class: "critical", style: { left: percent(one.from), width: percent(one.width) } }),
            )
        : null,
      pauses
        .map((pause) => [pause, placed(pause.offset, pause.offset)])
        .filter(([, one]) => one)
        .map(([pause, one]) =>
          h("i", {
            class: "pause",
            title: `${duration(pause.seconds)} in the debugger, which no time here contains`,
            style: { left: percent(one.from) },
          }),
        ),
      h(
        "span",
        {
          class: `took ${side}`,
          style:
            side === "before"
              ? { right: percent(1 - from) }
              : { left: percent(side === "after" ? from + width : from) },
        },
        took,
      ),
    ];
  }

  function remarkRow({ node, position, tone, sign, text, traceId, traceName }) {
    const content = [
      h("span", { class: "sign" }, sign),
      " ",
      text,
      traceId
        ? link(
            `/trace/${encodeURIComponent(traceId)}`,
            { class: traceName ? "" : "mono", title: traceId },
            cut(traceName || traceId, 60),
          )
        : null,
    ];
    const row = h(
      "div",
      {
        class: `row remark ${tone}`,
        role: "treeitem",
        "aria-level": node.depth + 2,
        "data-of": position,
        title: text,
      },
      indent(node.depth),
      h("span", { class: "spacer" }),
      h("span", { class: "words" }, content),
    );
    row.addEventListener("click", (event) => {
      if (!event.target.closest("a")) choose(position);
    });
    return row;
  }

  return { nodeRow, remarkRow };
}

const percent = (share) => `${share * 100}%`;

// Tells whether a child has that name: a called function's own segment, say.
function namedBelow(nodes, position, name) {
  let next = position + 1;
  while (next < nodes.length && nodes[next].depth > nodes[position].depth) {
    if (nodes[next].parent === position && nodes[next].name === name) return true;
    next += 1;
  }
  return false;
}

function nameOf(trace, node, position) {
  const parts = [h("b", {}, cut(node.name))];
  if (node.operation) parts.push(` ${cut(node.operation, 100)}`);
  if (node.resource && !namedBelow(trace.nodes, position, node.resource))
    parts.push(h("span", { class: "dim" }, ` ${cut(node.resource, 200)}`));
  return parts;
}
