// Two traces side by side; what differs is marked.

import { read } from "../api.js";
import { h, link, show } from "../dom.js";
import { icon, kindOfNode } from "../icons.js";
import { bar, emptyBox, problemBox, statusPill } from "../parts.js";
import { clock, cut, day, difference, duration, pathOf, plain } from "../pure/format.js";
import { differenceOf, mostOf, tendency } from "../pure/slower.js";
import { addressOf, remember } from "../state.js";

export function compareView(main, { query }) {
  main.className = "compare";
  const field = (name, label) =>
    h("input", {
      type: "text",
      class: "mono",
      name,
      value: query.get(name) ?? "",
      "aria-label": label,
      placeholder: `${label}: a trace id`,
      spellcheck: "false",
      autocomplete: "off",
    });
  const [a, b] = [field("a", "Left trace"), field("b", "Right trace")];
  const only = h("input", {
    type: "checkbox",
    onchange: () => {
      remember({ only: only.checked ? "differences" : null });
      draw();
    },
  });
  only.checked = query.get("only") === "differences";
  const result = h("div", { class: "result" });
  let answer = null;
  show(
    main,
    h("h1", { class: "unseen" }, "Compare two traces"),
    bar(
      () => {
        remember({ a: a.value.trim(), b: b.value.trim() }, { push: true });
        compare();
      },
      a,
      b,
      h("button", { type: "submit" }, "Compare"),
      h("label", { class: "check" }, only, "differences only"),
    ),
    result,
  );

  async function compare() {
    if (!a.value.trim() || !b.value.trim()) {
      show(
        result,
        emptyBox("Which two traces?", "Mark two in the list of traces with x, or give their ids here."),
        h("p", { class: "center" }, link("/traces", { class: "button" }, "Traces")),
      );
      offerPrevious((a.value || b.value).trim());
      return;
    }
    show(result, h("p", { class: "dim", role: "status" }, "Comparing…"));
    try {
      answer = await read("compare", { a: a.value.trim(), b: b.value.trim() });
      draw();
    } catch (failure) {
      show(result, problemBox(failure.message));
    }
  }

  // Of one trace, the other is mostly the one before it of the same request.
  async function offerPrevious(id) {
    if (!id) return;
    const { trace } = await read(`traces/${encodeURIComponent(id)}/previous`).catch(() => ({ trace: null }));
    if (!trace || answer) return;
    const address = addressOf("/compare", { a: trace.id, b: id });
    result.append(
      h(
        "p",
        { class: "center" },
        link(address, { class: "button previous" }, "The one before it of the same request"),
      ),
    );
  }

  function draw() {
    if (!answer) return;
    const { left, right, pairs, findings } = answer;
    const most = Math.max(left.duration, right.duration, 1e-6);
    const shown = only.checked ? pairs.filter((pair) => pair.findings.length) : pairs;
    const rows = new Map();
    show(
      result,
      h(
        "p",
        { class: `verdict ${findings ? "differ" : "equal"}` },
        findings
          ? `${findings} ${findings === 1 ? "difference" : "differences"} besides ids, times and addresses`
          : "Equal but for ids, times and addresses",
        answer.imports_left_out
          ? h("span", { class: "dim" }, " · one of them began cold: what was recorded at import is left out")
          : null,
      ),
      times(answer, (pair) => rows.get(pair)?.scrollIntoView({ block: "center" })),
      h(
        "section",
        { class: "panel sides" },
        h(
          "div",
          { class: "sidehead" },
          [left, right].map(head),
          h("div", { class: "byhead dim" }, "difference"),
        ),
        shown.map((pair) => [
          rows
            .set(
              pair,
              h(
                "div",
                { class: `pair ${pair.findings.length ? "differs" : ""} ${paired(pair) ? "" : "alone"}` },
                side(pair.left, pair.depth, most),
                side(pair.right, pair.depth, most),
                differs(pair),
              ),
            )
            .get(pair),
          paired(pair) && pair.findings.length
            ? h(
                "ul",
                { class: "findings" },
                pair.findings.map((finding) =>
                  h(
                    "li",
                    {},
                    h("code", {}, cut(finding.field, 200)),
                    " ",
                    value(finding.left, "left"),
                    " → ",
                    value(finding.right, "right"),
                  ),
                ),
              )
            : null,
        ]),
        shown.length ? null : h("p", { class: "dim center" }, "No differences."),
      ),
    );
  }
  compare();
  return { close() {}, key: () => false };
}

const took = (trace) => trace.response_time ?? trace.duration;

// How much slower or faster the right one was, and which spans made that.
function times({ left, right, pairs }, goto) {
  const by = took(right) - took(left);
  const word = tendency(by, took(left));
  const spans = word ? mostOf(pairs, by) : [];
  return h(
    "p",
    { class: "times" },
    word
      ? h("b", { class: `by ${word}` }, `${duration(Math.abs(by))} ${word}`)
      : h("b", {}, "As fast, but for noise"),
    `: ${duration(took(left))} → ${duration(took(right))}`,
    spans.length ? ", most of it in " : null,
    spans.map(({ pair, by: own }, index) => [
      index ? ", " : "",
      h(
        "button",
        { type: "button", class: "textlink", onclick: () => goto(pair) },
        cut((pair.right ?? pair.left).label, 80),
      ),
      ` ${difference(own)}`,
    ]),
  );
}

function differs(pair) {
  const by = differenceOf(pair);
  const word = tendency(by, pair.left?.duration ?? 0);
  return h("span", { class: `by ${word}` }, paired(pair) ? difference(by) : "");
}

const paired = (pair) => Boolean(pair.left && pair.right);
const value = (given, where) =>
  h("span", { class: `value ${where}` }, given === null ? "absent" : cut(plain(given), 300));

const head = (trace) =>
  h(
    "div",
    {},
    h(
      "div",
      { class: "title" },
      statusPill(trace),
      h(
        "b",
        {},
        cut([trace.method, trace.url && pathOf(trace.url)].filter(Boolean).join(" ") || trace.name, 200),
      ),
    ),
    h(
      "div",
      { class: "dim" },
      link(`/trace/${trace.id}`, { class: "mono" }, trace.id),
      ` · ${duration(took(trace))} · ${day(trace.start)} ${clock(trace.start)}`,
    ),
  );

function side(item, depth, most) {
  if (!item)
    return h(
      "div",
      { class: "side none" },
      h("span", { class: "indent", style: { "--depth": Math.min(depth, 20) } }),
      "not there",
    );
  return h(
    "div",
    { class: "side" },
    h("span", { class: "indent", style: { "--depth": Math.min(depth, 20) } }),
    icon(kindOfNode({ ...item, name: item.label })),
    h("span", { class: "text", title: cut(item.label, 1000) }, cut(item.label, 300)),
    h("span", { class: "took" }, duration(item.duration)),
    h(
      "span",
      { class: "lane" },
      h("i", {
        class: `bar ${item.status}`,
        style: {
          left: `${Math.max(0, (item.offset / most) * 100)}%`,
          width: `${Math.min(100, (item.duration / most) * 100)}%`,
        },
      }),
    ),
  );
}
