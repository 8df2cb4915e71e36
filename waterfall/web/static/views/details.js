// Everything about one node, in tabs.

import { read } from "../api.js";
import { h, link, show } from "../dom.js";
import { icon, kindOfNode } from "../icons.js";
import { copyButton, problemBox, statusPill, statusWord } from "../parts.js";
import { clock, cut, day, duration, plain } from "../pure/format.js";
import { remember } from "../state.js";

export function detailsPanel(panel, trace, position, { tab, onclose }) {
  const node = trace.nodes[position];
  const tabs = [
    ["overview", "Overview", null, () => overview(trace, node)],
    ["resources", "Resources", Object.keys(node.resources).length, () => values(node.resources)],
    ["annotations", "Annotations", Object.keys(node.annotations).length, () => values(node.annotations)],
    ["metadata", "Metadata", Object.keys(node.metadata).length, () => values(node.metadata)],
    ["exceptions", "Exceptions", node.exceptions.length, () => node.exceptions.map(exception)],
    ["raw", "Raw", null, () => raw(trace, position)],
  ];
  const content = h("div", { class: "content", role: "tabpanel", tabindex: "0" });
  const list = h("div", { role: "tablist", class: "tabs" });
  const offered = tabs.filter(([, , count]) => count !== 0);
  const usual = node.exceptions.length ? "exceptions" : "overview";

  function open(name) {
    const [id, , , make] = offered.find(([one]) => one === name) ?? offered.find(([one]) => one === usual);
    for (const button of list.children) {
      button.setAttribute("aria-selected", String(button.dataset.tab === id));
      if (button.dataset.tab === id)
        requestAnimationFrame(() => button.scrollIntoView({ block: "nearest", inline: "nearest" }));
    }
    show(content, make());
    content.scrollTop = 0;
  }

  show(
    list,
    offered.map(([name, title, count]) =>
      h(
        "button",
        {
          type: "button",
          role: "tab",
          "data-tab": name,
          onclick: () => {
            panel.dataset.tab = name;
            remember({ tab: name });
            open(name);
          },
        },
        title,
        count ? h("span", { class: "badge count" }, count) : null,
      ),
    ),
  );
  show(
    panel,
    h(
      "header",
      {},
      icon(kindOfNode(node)),
      h("h2", { title: cut(node.name, 2000) }, cut(node.name, 300)),
      statusPill(node),
      h(
        "button",
        {
          type: "button",
          class: "quiet close",
          "aria-label": "Close details",
          title: "Close (Esc)",
          onclick: onclose,
        },
        "✕",
      ),
    ),
    node.notes.map((note) => h("p", { class: "warning" }, `⚠ ${note.anomaly}: ${cut(note.reason, 500)}`)),
    list,
    content,
  );
  open(tab);
}

function overview(trace, node) {
  const pairs = [
    ["Status", [statusWord(node.status), node.http_status === null ? "" : ` (HTTP ${node.http_status})`]],
    ["Began", `${duration(node.offset)} after the trace, at ${day(node.start)} ${clock(node.start, 3)}`],
    ["Took", node.duration === null ? "not finished" : duration(node.duration)],
    [
      "Paused",
      node.pauses?.length
        ? `${duration(node.pauses.reduce((sum, pause) => sum + pause.seconds, 0))} in the debugger, left out`
        : null,
    ],
    ["Itself", `${duration(node.own)} outside what it called`],
    [
      "On critical path",
      node.critical.length ? duration(node.critical.reduce((sum, [from, to]) => sum + to - from, 0)) : null,
    ],
    ["Cold start", node.cold_start ? "yes" : null],
    ["Request", node.url ? `${node.method ?? ""} ${node.url}`.trim() : null],
    ["Operation", node.operation],
    ["Resource", node.resource],
    ["Type", node.type],
    ["Namespace", node.namespace],
    ["Kind", node.kind + (node.inferred ? ", inferred" : "")],
    ["Id", h("span", { class: "mono" }, node.id || "–")],
    ["Parent", node.parent_id ? h("span", { class: "mono" }, node.parent_id) : "none"],
  ];
  return [
    h(
      "dl",
      { class: "pairs" },
      pairs
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => [
          h("dt", {}, name),
          h("dd", {}, typeof value === "string" ? cut(value, 4000) : value),
        ]),
    ),
    node.links.length
      ? h(
          "div",
          {},
          h("h3", {}, "Linked traces"),
          node.links.map((other) =>
            h(
              "p",
              {},
              link(
                `/trace/${encodeURIComponent(other.trace_id)}`,
                { class: "mono" },
                cut(other.trace_id, 60),
              ),
            ),
          ),
        )
      : null,
  ];
}

// A JSON object as pairs, nested ones indented below their key.
export function values(object, level = 0) {
  return h(
    "dl",
    { class: `pairs ${level ? "nested" : ""}` },
    Object.entries(object).map(([key, value]) => {
      const nested =
        value !== null &&
        typeof value === "object" &&
        !Array.isArray(value) &&
        level < 6 &&
        Object.keys(value).length;
      return [
        h("dt", { title: cut(key, 1000) }, cut(key, 300)),
        h(
          "dd",
          { class: nested ? "" : `value ${typeof value}` },
          nested ? values(value, level + 1) : cut(plain(value), 20000),
        ),
      ];
    }),
  );
}

function exception(item) {
  return h(
    "article",
    { class: "exception" },
    h("h3", {}, cut(item.type, 300), item.remote ? h("span", { class: "badge" }, "remote") : null),
    h("p", { class: "message" }, cut(item.message, 20000)),
    item.stack.length
      ? h(
          "ol",
          { class: "stack mono" },
          [...item.stack]
            .reverse()
            .map((frame) =>
              h(
                "li",
                {},
                h("b", {}, cut(frame.label, 200)),
                " ",
                h(
                  "span",
                  { class: "dim" },
                  cut(frame.path, 500),
                  frame.line === null ? "" : `:${frame.line}`,
                ),
              ),
            ),
        )
      : h("p", { class: "dim" }, "no stack was recorded"),
  );
}

function raw(trace, position) {
  const text = h("pre", { class: "raw" }, "Reading the document…");
  const box = h(
    "div",
    { class: "rawbox" },
    copyButton(() => text.textContent, "the document"),
    text,
  );
  read(`traces/${encodeURIComponent(trace.id)}/documents/${position}`)
    .then((document) => {
      text.textContent = JSON.stringify(document, null, 2);
    })
    .catch((failure) => show(box, problemBox(failure.message)));
  return box;
}
