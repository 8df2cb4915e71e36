// What is said of a trace as a whole, above its waterfall.

import { read } from "../api.js";
import { h, link } from "../dom.js";
import { copyButton, statusPill } from "../parts.js";
import { curl } from "../pure/curl.js";
import { clock, cut, day, difference, duration, later, pathOf, shortType } from "../pure/format.js";
import { tendency } from "../pure/slower.js";
import { addressOf } from "../state.js";
import { failedBox } from "./trace_failed.js";

const FILES = [
  ["html", "Page", "this waterfall in one file, to open anywhere"],
  ["json", "JSON", "to read back with waterfall import"],
  ["otlp", "OTLP", "for OpenTelemetry backends"],
  ["chrome", "Chrome trace", "for Perfetto and Speedscope"],
];

export const titleOf = (trace) =>
  `${trace.method ?? ""} ${trace.url ?? trace.nodes[0]?.name ?? trace.id} · waterfall`.trim().slice(0, 120);

// `reveal(position, tab)` shows the row of a node; `linked` are the traces of those who received its
// messages, `senders` those that it is linked to, `previous` the trace before it of the same request,
// `actions` what can be done with it.
export function headOf({ trace, linked, senders, previous, lost, actions }, reveal) {
  const facts = [h("strong", {}, duration(trace.duration)), " total"];
  const about = [h("span", {}, facts)];
  if (trace.response_time !== null && duration(trace.response_time) !== duration(trace.duration))
    about.push(h("span", {}, "answered after ", h("strong", {}, duration(trace.response_time))));
  if (trace.unfinished) about.push(h("span", { class: "note" }, "not finished"));
  if (trace.paused) about.push(h("span", {}, `without ${duration(trace.paused)} in the debugger`));
  about.push(
    h(
      "span",
      { title: new Date(trace.start * 1000).toISOString() },
      `began ${day(trace.start)} ${clock(trace.start, 3)}`,
    ),
  );
  if (trace.cold_starts.length)
    about.push(h("span", {}, "cold start: ", h("strong", {}, cut(trace.cold_starts.join(", "), 200))));
  if (trace.sampling_rule) about.push(h("span", {}, `sampled by rule ${cut(trace.sampling_rule, 100)}`));
  if (trace.recorders.length)
    about.push(h("span", {}, `recorded by ${cut(trace.recorders.join(", "), 200)}`));
  if (previous) about.push(compared(trace, previous));
  return [
    h(
      "div",
      { class: "title" },
      trace.nodes.length ? statusPill(trace) : null,
      h(
        "h1",
        {},
        trace.method ? h("b", { class: "method" }, cut(trace.method, 20)) : null,
        " ",
        headline(trace),
      ),
      actions,
    ),
    h(
      "div",
      { class: "facts" },
      h("span", { class: "mono" }, trace.id),
      copyButton(trace.id, "the trace id"),
      about,
    ),
    lost
      ? h("p", { class: "warning", role: "status" }, `⚠ ${cut(lost, 300)}: this is what was read before`)
      : null,
    trace.failed ? failedBox(trace, reveal) : null,
    trace.warnings.map((warning) => h("p", { class: "warning" }, "⚠ ", cut(warning, 500))),
    trace.most_time.length
      ? h(
          "p",
          { class: "most" },
          "Most time in ",
          trace.most_time.map(([position, seconds], index) => [
            index ? ", " : "",
            h(
              "button",
              { type: "button", class: "textlink", onclick: () => reveal(position) },
              shareName(trace, position),
            ),
            ` ${duration(seconds)} (${Math.round((seconds / trace.duration) * 100)} %)`,
          ]),
        )
      : null,
    trace.cold_start_notes.map((note) => h("p", { class: "most" }, cut(note, 500))),
    others("←", "linked to", "which sent its message", senders),
    others("→", "linked", "of its messages' consumers", linked),
  ];
}

function others(sign, word, what, traces) {
  if (!traces.length) return null;
  const text = `${sign} ${word} ${traces.length === 1 ? "trace" : "traces"}, ${what}: `;
  return h(
    "p",
    { class: "linked" },
    text,
    traces.map((one, index) => [
      index ? ", " : "",
      link(`/trace/${encodeURIComponent(one.id)}`, { class: "mono", title: one.id }, otherName(one)),
      traces.some((other) => other !== one && otherName(other) === otherName(one)) ? whenOf(one) : null,
    ]),
  );
}

// Tells namesakes apart, such as the attempts at one message.
const whenOf = ({ after }) => (after === null || after === undefined ? null : ` ${later(after)}`);

const otherName = ({ id, name, method, url }) =>
  cut(url ? [method, pathOf(url)].filter(Boolean).join(" ") : name || id, 60);

// How much longer or shorter it was than the trace before it, and the way to both side by side.
function compared(trace, previous) {
  const took = (one) => one.response_time ?? one.duration;
  const by = took(trace) - took(previous);
  return h(
    "span",
    { class: "compared" },
    link(
      addressOf("/compare", { a: previous.id, b: trace.id }),
      { title: `${previous.id} took ${duration(took(previous))}` },
      `compare with the previous ${requestName(trace)}`,
    ),
    h("span", { class: `by ${tendency(by, took(previous))}` }, ` ${difference(by)}`),
  );
}

const requestName = (trace) =>
  cut(
    trace.url ? [trace.method, pathOf(trace.url)].filter(Boolean).join(" ") : (trace.nodes[0]?.name ?? ""),
    60,
  );

function closeAfterChoice(event) {
  if (event.target.closest("a")) event.currentTarget.removeAttribute("open");
}

function curlButton(trace) {
  const button = copyButton(
    async () => curl(await read(`traces/${encodeURIComponent(trace.id)}/request`)),
    "the request that began this trace",
    "Copy as curl",
  );
  button.className = "button";
  return button;
}

// Made once: a menu that is open stays so when the head is drawn anew.
export const actionsOf = (trace) =>
  h(
    "span",
    { class: "actions" },
    link(addressOf("/map", { trace: trace.id }), { class: "button" }, "Map"),
    link(addressOf("/compare", { a: trace.id }), { class: "button" }, "Compare"),
    trace.url ? curlButton(trace) : null,
    h(
      "details",
      { class: "share", onclick: closeAfterChoice },
      h("summary", { class: "button", title: "Save this trace as a file" }, "Share"),
      h(
        "div",
        { class: "panel" },
        FILES.map(([format, title, about]) =>
          h(
            "a",
            { href: `/api/traces/${encodeURIComponent(trace.id)}/files/${format}`, download: "" },
            h("b", {}, title),
            h("span", { class: "dim" }, about),
          ),
        ),
      ),
    ),
  );

// The URL with its path put forward, or what a trace without a request began with.
function headline(trace) {
  if (!trace.url) return cut(trace.nodes[0]?.name ?? "Empty trace", 2000);
  const path = pathOf(trace.url);
  const origin = trace.url.endsWith(path) ? trace.url.slice(0, -path.length) : "";
  return [h("span", { class: "origin" }, cut(origin, 300)), cut(path, 2000)];
}

// Names a node so that it is not taken for a namesake: `Init of front`, `front (Lambda Function)`.
function shareName(trace, position) {
  const node = trace.nodes[position];
  if (node.phase && node.phase !== "cost" && node.parent !== null)
    return `${cut(node.name, 40)} of ${cut(trace.nodes[node.parent].name, 40)}`;
  if (node.kind === "segment" && node.type) return `${cut(node.name, 40)} (${cut(shortType(node.type), 40)})`;
  return [node.name, node.operation]
    .filter(Boolean)
    .map((part) => cut(part, 40))
    .join(" ");
}
