// The list of traces: filter, time, response times to select from, newest first, live.

import { read } from "../api.js";
import { h, link, show } from "../dom.js";
import { KEYWORDS } from "../keywords.js";
import { polling } from "../live.js";
import { emptyBox, problemBox, statusPill, timeChoice } from "../parts.js";
import {
  age,
  clock,
  count,
  cut,
  day,
  duration,
  ownAnnotations,
  pathOf,
  plain,
  shortType,
} from "../pure/format.js";
import { percentile, responseTime } from "../pure/histogram.js";
import { addressOf, remember, timeAsked } from "../state.js";
import { histogram } from "./histogram.js";

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

  const input = h("input", {
    type: "search",
    class: "filter",
    value: state.filter,
    spellcheck: "false",
    autocomplete: "off",
    "aria-label": "Filter expression",
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
  const liveButton = h(
    "button",
    {
      type: "button",
      class: "live",
      title: "Ask again while requests come in (l)",
      onclick: () => setLive(!state.live),
    },
    h("i"),
    "Live",
  );
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
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["", "Status", "Request", "Annotations", "Response time", "Began", "Trace"].map((name) =>
          h("th", { scope: "col" }, name),
        ),
      ),
    ),
    body,
  );
  const below = h("div", { class: "below" });
  const compareBar = h("div", { class: "comparebar", hidden: true });

  show(
    main,
    h(
      "form",
      {
        class: "bar",
        onsubmit: (event) => {
          event.preventDefault();
          applyFilter();
        },
      },
      h("div", { class: "filterbox" }, input, h("kbd", {}, "/")),
      helpButton,
      timeChoice(query, Infinity, (changes) => {
        remember(changes, { push: true });
        poll.now();
      }),
      liveButton,
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

  function setLive(on) {
    state.live = on;
    liveButton.setAttribute("aria-pressed", String(on));
    remember({ live: on ? null : "off" });
    poll.pause(!on);
  }

  const rows = new Map();

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
      const row = old?.key === key ? old.row : rowOf(trace, slowest);
      if (old && old.row !== row) old.row.replaceWith(row);
      rows.set(trace.id, { key, row });
      row.querySelector("time").textContent =
        trace.start === null ? "?" : age(Math.max(0, now - trace.start));
      if (state.fresh.has(trace.id)) row.classList.add("fresh");
      return row;
    });
    const kept = new Set(wanted);
    for (const row of [...body.children]) if (!kept.has(row)) row.remove();
    wanted.forEach((row, index) => {
      if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
    });
  }

  function rowOf(trace, slowest) {
    const annotations = ownAnnotations(trace.annotations);
    const mark = h("input", {
      type: "checkbox",
      "aria-label": "Mark for comparing",
      title: "Mark for comparing (x)",
      onchange: () => toggleMark(trace.id),
    });
    mark.checked = state.marked.includes(trace.id);
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
                  addCondition(`annotation[${key}] = ${literal(values[0])}`);
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
      if (!event.target.closest("a, input, button")) go(`/trace/${trace.id}`);
    });
    return row;
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

  function move(step) {
    const links = [...body.querySelectorAll("a.open")];
    const next = links[Math.max(0, Math.min(links.length - 1, links.indexOf(document.activeElement) + step))];
    next?.focus();
    next?.closest("tr").scrollIntoView({ block: "nearest" });
  }

  const keys = {
    "/": () => {
      input.focus();
      input.select();
    },
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    j: () => move(1),
    k: () => move(-1),
    l: () => setLive(!state.live),
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

  liveButton.setAttribute("aria-pressed", String(state.live));
  poll.pause(!state.live);
  if (!state.live) poll.now();
  return {
    close: poll.stop,
    key: (event) => {
      const act = keys[event.key];
      act?.();
      return Boolean(act);
    },
  };
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

function keywordHelp(insert) {
  return h(
    "section",
    { class: "keywords panel", hidden: true, "aria-label": "Filter keywords" },
    KEYWORDS.map(([title, items]) =>
      h(
        "div",
        {},
        h("h3", {}, title),
        items.map(([text, meaning]) =>
          h(
            "button",
            { type: "button", class: "keyword", onclick: () => insert(text) },
            h("code", {}, text),
            meaning ? h("span", { class: "dim" }, meaning) : null,
          ),
        ),
      ),
    ),
    h(
      "p",
      { class: "dim" },
      "Join with AND, OR and parentheses; compare with =, !=, <, <=, >, >=, CONTAINS, BEGINSWITH, ENDSWITH.",
    ),
  );
}
