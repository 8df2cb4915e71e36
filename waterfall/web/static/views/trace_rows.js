// The rows of a waterfall: a node with its bar, or a remark about one.

import { h, link } from "../dom.js";
import { icon, kindOfNode } from "../icons.js";
import { foldButton, statusPill } from "../parts.js";
import { place } from "../pure/axis.js";
import { cut, duration, plain, shortType } from "../pure/format.js";
import { hasChildren } from "../pure/rows.js";

const indent = (depth) => `${Math.min(depth, 24) * 14}px`;

// `state` is the view's, `span()` the trace's seconds; a row is `{node, position}` and more.
export function rowsOf({ state, span, toggleNode, choose }) {
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
        class: `row ${node.status} ${position === state.chosen ? "chosen" : ""}`,
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
        h("span", { class: "indent", style: { width: indent(node.depth) } }),
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
    const end = node.duration === null ? span() : node.offset + node.duration;
    const { from, width } = place(node.offset, end, span());
    const tone = node.phase
      ? node.phase === "overhead"
        ? "overhead"
        : "phase"
      : node.kind === "segment"
        ? "segment"
        : node.namespace
          ? "call"
          : "sub";
    const took = duration(node.duration ?? end - node.offset) + (node.unfinished ? "+" : "");
    const side = from + width < 0.84 ? "after" : from > 0.16 ? "before" : "inside";
    return [
      h("i", {
        class: `bar ${tone} ${node.status} ${node.unfinished ? "open" : ""}`,
        style: { left: `${from * 100}%`, width: `${width * 100}%` },
      }),
      state.critical
        ? node.critical
            .filter(([start, stop]) => stop - start > span() / 1000)
            .map(([start, stop]) => {
              const stretch = place(start, stop, span());
              return h("i", {
                class: "critical",
                style: { left: `${stretch.from * 100}%`, width: `${stretch.width * 100}%` },
              });
            })
        : null,
      h(
        "span",
        {
          class: `took ${side}`,
          style:
            side === "before"
              ? { right: `${(1 - from) * 100}%` }
              : { left: `${(side === "after" ? from + width : from) * 100}%` },
        },
        took,
      ),
    ];
  }

  function remarkRow({ node, position, tone, sign, text, traceId }) {
    const content = [
      h("span", { class: "sign" }, sign),
      " ",
      text,
      traceId ? link(`/trace/${encodeURIComponent(traceId)}`, { class: "mono" }, cut(traceId, 60)) : null,
    ];
    const row = h(
      "div",
      { class: `row remark ${tone}`, "data-of": position, title: text },
      h("span", { class: "indent", style: { width: indent(node.depth) } }),
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
