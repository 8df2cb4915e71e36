// The list of traces: filter, time, response times to select from, newest first, live.

import { read } from "../api.js";
import { h, link, show } from "../dom.js";
import { polling } from "../live.js";
import { bar, emptyBox, problemBox, searchInput, timeChoice } from "../parts.js";
import { age, count, duration } from "../pure/format.js";
import { percentile, responseTime } from "../pure/histogram.js";
import { addressOf, remember, timeAsked } from "../state.js";
import { histogram } from "./histogram.js";
import { keywordHelp } from "./keyword_help.js";
import { arrange, columns, listKeys, liveSwitch, pressed } from "./list.js";
import { traceRow } from "./traces_row.js";

const STEP = 200;
const MOST = 1000;

export function tracesView(main, { go, query, pace }) {
  const state = {
    filter: query.get("filter") ?? "",
    limit: Math.min(MOST, Number(query.get("limit")) || STEP),
    live: query.get("live") !== "off",
    range: rangeOf(query.get("rt")),
    marked: (query.get("marked") ?? "").split(",").filter(Boolean),
    answer: null,
    fresh: new Set(),
  };
  main.className = "traces";

  const input = searchInput("Filter expression", {
    class: "filter",
    value: state.filter,
    placeholder: "Filter, such as  fault AND responsetime > 2",
  });
  const problem = h("div", { class: "slot" });
  const keywords = keywordHelp((text) => {
    input.value = input.value.trim() ? `${input.value.trim()} AND ${text}` : text;
    input.focus();
    applyFilter();
  });
  const helpButton = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-expanded": "false",
      title: "What a filter can say",
      onclick: () => {
        keywords.hidden = !keywords.hidden;
        helpButton.setAttribute("aria-expanded", String(!keywords.hidden));
      },
    },
    "Keywords",
  );
  const live = liveSwitch(state, () => poll);
  const figures = h("div", { class: "figures" });
  const chart = histogram({
    onselect: (range) => {
      state.range = range;
      remember({ rt: range ? range.join("-") : null }, { push: true });
      draw();
    },
  });
  const body = h("tbody");
  const table = h(
    "table",
    {},
    columns(["", "Status", "Request", "Annotations", "Response time", "Began", "Trace"]),
    body,
  );
  const below = h("div", { class: "below" });
  const compareBar = h("div", { class: "comparebar", hidden: true });

  show(
    main,
    bar(
      applyFilter,
      h("div", { class: "filterbox" }, input, h("kbd", {}, "/")),
      helpButton,
      timeChoice(query, Infinity, (changes) => {
        remember(changes, { push: true });
        poll.now();
      }),
      live.button,
    ),
    problem,
    keywords,
    h("section", { class: "overview panel" }, figures, chart.element),
    h("section", { class: "list panel" }, table, below),
    compareBar,
  );

  function applyFilter() {
    state.filter = input.value.trim();
    remember({ filter: state.filter }, { push: true });
    poll.now();
  }
  input.addEventListener("search", applyFilter);

  const rows = new Map();
  const on = { mark: toggleMark, condition: addCondition, open: (id) => go(`/trace/${id}`) };

  const poll = polling(async (signal) => {
    table.setAttribute("aria-busy", "true");
    try {
      const filter = state.filter;
      const answer = await read(
        "traces",
        { ...timeAsked(new URLSearchParams(location.search)), filter, limit: state.limit },
        signal,
      );
      const known =
        state.answer?.filter === filter ? new Set(state.answer.traces.map((trace) => trace.id)) : null;
      state.fresh = new Set(
        known ? answer.traces.filter((trace) => !known.has(trace.id)).map((trace) => trace.id) : [],
      );
      state.answer = { ...answer, filter };
      show(problem);
      input.removeAttribute("aria-invalid");
    } catch (failure) {
      if (failure.name === "AbortError") throw failure;
      show(problem, problemBox(failure.message));
      if (failure.status === 400) input.setAttribute("aria-invalid", "true");
    } finally {
      if (!signal.aborted) table.removeAttribute("aria-busy");
    }
    draw();
  }, pace);

  function draw() {
    if (!state.answer) return;
    const { traces, more, end } = state.answer;
    const shown = traces.filter((trace) => !state.range || within(responseTime(trace), state.range));
    chart.draw(traces, state.range);
    show(
      figures,
      figure("Traces", `${count(shown.length)}${more ? "+" : ""}`),
      figure("Median", duration(percentile(shown.map(responseTime), 0.5))),
      figure("95 %", duration(percentile(shown.map(responseTime), 0.95))),
      figure("Errors", shareOf(shown, "error"), "error"),
      figure("Throttled", shareOf(shown, "throttle"), "throttle"),
      figure("Faults", shareOf(shown, "fault"), "fault"),
    );
    drawRows(shown, end);
    const actions =
      more && state.limit < MOST
        ? h(
            "button",
            {
              type: "button",
              onclick: () => {
                state.limit = Math.min(MOST, state.limit + STEP * 2);
                remember({ limit: state.limit });
                poll.now();
              },
            },
            "Show more",
          )
        : null;
    show(below, shown.length ? actions : nothing());
    drawMarks();
  }

  function nothing() {
    if (state.range)
      return emptyBox("No trace took that long", "Click the histogram to see all response times again.");
    if (state.filter)
      return emptyBox(
        "No trace matches",
        "Take a condition out of the filter, or look further back.",
        link("/why", { class: "button why" }, "Why is there no trace?"),
      );
    return emptyBox(
      "No traces yet",
      "Send a request: it appears here as soon as its trace has arrived.",
      "Or look further back in time.",
      link("/why", { class: "button why" }, "Why is there no trace?"),
    );
  }

  function drawRows(traces, now) {
    const slowest = Math.max(0.001, ...traces.map(responseTime));
    const wanted = traces.map((trace) => {
      const key = JSON.stringify([trace, slowest, state.marked.includes(trace.id)]);
      const old = rows.get(trace.id);
      const row = old?.key === key ? old.row : traceRow(trace, slowest, state.marked.includes(trace.id), on);
      if (old && old.row !== row) old.row.replaceWith(row);
      rows.set(trace.id, { key, row });
      row.querySelector("time").textContent =
        trace.start === null ? "?" : age(Math.max(0, now - trace.start));
      if (state.fresh.has(trace.id)) row.classList.add("fresh");
      return row;
    });
    arrange(body, wanted);
  }

  function addCondition(text) {
    input.value = input.value.trim() ? `${input.value.trim()} AND ${text}` : text;
    applyFilter();
  }

  function toggleMark(id) {
    const marked = state.marked.includes(id)
      ? state.marked.filter((other) => other !== id)
      : [...state.marked, id].slice(-2);
    state.marked = marked;
    remember({ marked: marked.join(",") });
    draw();
  }

  function drawMarks() {
    compareBar.hidden = !state.marked.length;
    const [a, b] = state.marked;
    show(
      compareBar,
      `${state.marked.length} of 2 marked`,
      b
        ? link(addressOf("/compare", { a, b }), { class: "button" }, "Compare")
        : h("span", { class: "dim" }, "mark another to compare"),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          onclick: () => {
            state.marked = [];
            remember({ marked: null });
            draw();
          },
        },
        "Clear",
      ),
    );
  }

  const keys = {
    ...listKeys(input, body, live),
    x: () => {
      const row = document.activeElement.closest?.("tr[data-id]");
      if (row) {
        const id = row.dataset.id;
        toggleMark(id);
        body.querySelector(`tr[data-id="${CSS.escape(id)}"] a.open`)?.focus();
      }
    },
    c: () => {
      if (state.marked.length === 2) go(addressOf("/compare", { a: state.marked[0], b: state.marked[1] }));
    },
  };

  live.begin();
  return { close: poll.stop, key: pressed(keys) };
}

const within = (value, [from, to]) => value >= from && value < to;
const shareOf = (traces, status) =>
  traces.length
    ? `${((traces.filter((trace) => trace.status === status).length / traces.length) * 100).toFixed(0)} %`
    : "–";
const figure = (name, value, tone = "") =>
  h(
    "div",
    { class: `figurebox ${tone} ${value === "0 %" || value === "–" ? "none" : ""}` },
    h("span", {}, name),
    h("strong", {}, value),
  );

function rangeOf(text) {
  const match = /^([\d.]+)-([\d.]+)$/.exec(text ?? "");
  return match && Number(match[1]) < Number(match[2]) ? [Number(match[1]), Number(match[2])] : null;
}
