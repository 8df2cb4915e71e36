// A row of the list of traces.

import { h, link } from "../dom.js";
import { statusPill } from "../parts.js";
import { clock, cut, day, duration, ownAnnotations, pathOf, plain, shortType } from "../pure/format.js";
import { tellsMore, what, where } from "../pure/failures.js";
import { responseTime } from "../pure/histogram.js";

// `slowest` is in seconds; `on` holds what marking, a chip and a click do.
export function traceRow(trace, slowest, marked, on) {
  const annotations = ownAnnotations(trace.annotations);
  const mark = h("input", {
    type: "checkbox",
    "aria-label": "Mark for comparing",
    title: "Mark for comparing (x)",
    onchange: () => on.mark(trace.id),
  });
  mark.checked = marked;
  const row = h(
    "tr",
    { "data-id": trace.id },
    h("td", { class: "mark" }, mark),
    h(
      "td",
      { class: "status" },
      statusPill(trace),
      trace.throttled && trace.status !== "throttle"
        ? h("span", { class: "dot throttle", title: "a throttle inside" })
        : null,
    ),
    h(
      "td",
      { class: "request" },
      link(
        `/trace/${trace.id}`,
        { class: "open", title: cut(trace.url ?? trace.entry ?? "", 2000) },
        request(trace),
      ),
      tellsMore(trace) ? failedAt(trace) : null,
    ),
    h(
      "td",
      { class: "annotations" },
      h(
        "div",
        { class: "chips" },
        annotations.slice(0, 4).map(([key, values]) =>
          h(
            "button",
            {
              type: "button",
              class: "chip",
              title: `Filter by ${cut(key, 500)} = ${cut(plain(values[0]), 500)}`,
              onclick: (event) => {
                event.stopPropagation();
                on.condition(`annotation[${key}] = ${literal(values[0])}`);
              },
            },
            h("b", {}, cut(key, 40)),
            h("span", {}, cut(plain(values.length === 1 ? values[0] : values), 40)),
          ),
        ),
        annotations.length > 4 ? h("span", { class: "dim" }, `+${annotations.length - 4}`) : null,
      ),
    ),
    h(
      "td",
      { class: "took" },
      h("span", { class: "figure" }, duration(responseTime(trace)), trace.unfinished ? "+" : ""),
      h(
        "span",
        { class: `track ${trace.status}` },
        h("i", { style: { width: `${Math.max(1, (responseTime(trace) / slowest) * 100)}%` } }),
      ),
    ),
    h(
      "td",
      { class: "began" },
      h("time", { title: trace.start === null ? "" : `${day(trace.start)} ${clock(trace.start, 3)}` }),
    ),
    h("td", { class: "id mono" }, `…${trace.id.slice(-8)}`),
  );
  row.addEventListener("click", (event) => {
    if (!event.target.closest("a, input, button")) on.open(trace.id);
  });
  return row;
}

function failedAt({ failure, status }) {
  const words = `${status === "ok" ? "inside, " : ""}failed at ${where(failure)}`;
  return h(
    "div",
    {
      class: `failedat ${status === "ok" ? "dim" : failure.kind}`,
      title: cut([words, what(failure)].join("\n"), 900),
    },
    h("span", {}, words),
    what(failure) ? h("span", { class: "dim" }, ` ${cut(what(failure), 200)}`) : null,
  );
}

function request(trace) {
  if (trace.method || trace.url)
    return [h("b", { class: "method" }, cut(trace.method ?? "", 20)), " ", cut(pathOf(trace.url ?? ""))];
  return [
    cut(trace.entry ?? "(no root)"),
    trace.entry_type ? h("span", { class: "dim" }, ` ${cut(shortType(trace.entry_type), 60)}`) : null,
  ];
}

const literal = (value) =>
  typeof value === "string" ? `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : String(value);
