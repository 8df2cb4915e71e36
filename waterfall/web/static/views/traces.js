// The list of traces: filter, time, figures over all of them, sorted, page by page, live.

import { read } from "../api.js";
import { h, link, show } from "../dom.js";
import { following } from "../live.js";
import { bar, loadingBox, problemBox, searchInput, timeChoice } from "../parts.js";
import { age, ownAnnotations } from "../pure/format.js";
import { chosenBy, NEWEST_FIRST, tookOf } from "../pure/chosen.js";
import { kindOfFailure, where } from "../pure/failures.js";
import { responseTime } from "../pure/histogram.js";
import { addressOf, remember, timeAsked } from "../state.js";
import { failureGroups } from "./failures.js";
import { keywordHelp } from "./keyword_help.js";
import { arrange, listKeys, liveSwitch, pressed } from "./list.js";
import { overview } from "./overview.js";
import { sortableColumns } from "./sorting.js";
import { nothing, pages } from "./traces_pages.js";
import { traceRow } from "./traces_row.js";

const PAGE = 200;
const COLUMNS = [
  [null, ""],
  ["status", "Status", true],
  ["request", "Request", false],
  ["annotations", "Annotations", false],
  ["response", "Response time", true],
  ["began", "Began", true],
  ["trace", "Trace", false],
];
// Seconds: when nothing happens, what is older than the time asked about must go; and what AWS bills for.
const [IDLE, READING, FIGURES_OF_AWS] = [30, 0.05, 60];

// What was shown last is there at once when one comes back.
let last = { address: null, answer: null, figures: null };

export function tracesView(main, { go, query, source }) {
  const state = {
    ...chosenBy(query),
    live: query.get("live") !== "off",
    marked: (query.get("marked") ?? "").split(",").filter(Boolean),
    answer: null,
    figures: null,
    fresh: new Set(),
    got: 0,
  };
  main.className = "traces";

  const input = searchInput("Filter expression", {
    class: "filter",
    value: state.filter,
    placeholder: "Filter, such as  fault AND responsetime > 2",
  });
  const problem = h("div", { class: "slot" });
  const keywords = keywordHelp(addCondition);
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
  const live = liveSwitch(state, () => news);
  const above = overview({
    onselect: (range) => choose({ rt: range ? range.join("-") : null }),
    onfailures: () => choose({ group: state.grouped ? null : "failures" }),
  });
  const groups = failureGroups((failure) => choose({ failure, group: null }));
  const alike = h("div", { class: "slot" });
  const head = sortableColumns(
    COLUMNS,
    () => state.order,
    (order) => choose({ order: order === NEWEST_FIRST ? null : order }),
  );
  const body = h("tbody");
  const table = h("table", {}, head.element, body);
  const waiting = loadingBox("Loading traces …");
  const below = h("div", { class: "below" });
  const compareBar = h("div", { class: "comparebar", hidden: true });

  show(
    main,
    h("h1", { class: "unseen" }, "Traces"),
    bar(
      applyFilter,
      h("div", { class: "filterbox" }, input, h("kbd", {}, "/")),
      helpButton,
      timeChoice(query, Infinity, choose),
      live.button,
    ),
    problem,
    keywords,
    above.element,
    alike,
    h("section", { class: "list panel", "aria-label": "Traces" }, table, groups.element, waiting, below),
    compareBar,
  );

  // Everything that selects, or sorts, stands in the address; another choice begins with the first page.
  function choose(changes) {
    remember({ after: null, from: null, ...changes }, { push: true });
    Object.assign(state, chosenBy(new URLSearchParams(location.search)));
    if (!("after" in changes)) draw();
    news.now();
  }

  function applyFilter() {
    choose({ filter: input.value.trim() });
  }
  input.addEventListener("search", applyFilter);

  function addCondition(text) {
    input.value = input.value.trim() ? `${input.value.trim()} AND ${text}` : text;
    input.focus();
    applyFilter();
  }

  const turn = { first: firstPage, next: nextPage };
  const rows = new Map();
  const on = { mark: toggleMark, condition: addCondition, open: (id) => go(`/trace/${id}`) };

  const news = following(
    async (signal) => {
      table.setAttribute("aria-busy", "true");
      const address = location.search;
      const wanted = {
        ...timeAsked(new URLSearchParams(address)),
        filter: state.filter,
        failure: state.failure,
      };
      try {
        // one after the other: figures over many traces would keep the rows waiting
        const answer = await read(
          "traces",
          { ...wanted, took: tookOf(state), order: state.order, after: state.after, limit: PAGE },
          signal,
        );
        arrived(answer, address);
        state.figures = await counted(wanted, signal);
        draw();
        show(problem);
        input.removeAttribute("aria-invalid");
        return answer.unread || state.figures.all.unread ? READING : undefined;
      } catch (failure) {
        if (failure.name === "AbortError") throw failure;
        waiting.remove();
        show(problem, problemBox(failure.message, failure.status === 400 ? null : () => news.now()));
        if (failure.status === 400) input.setAttribute("aria-invalid", "true");
        return failure.status === 400 ? undefined : pace();
      } finally {
        if (!signal.aborted) table.removeAttribute("aria-busy");
      }
    },
    pace,
    IDLE,
  );

  function pace() {
    if (!source()?.aws) return 2;
    live.button.title = "Ask X-Ray every 10 s, which bills what it looks through (l)";
    return 10;
  }

  function arrived(answer, address) {
    const known = state.answer?.address === address ? new Set(state.answer.traces.map(({ id }) => id)) : null;
    state.fresh = new Set(known ? answer.traces.map(({ id }) => id).filter((id) => !known.has(id)) : []);
    state.answer = { ...answer, address };
    state.got = performance.now();
    draw();
  }

  // Of an account, figures are asked for now and then: its summaries are billed.
  async function counted(wanted, signal) {
    const key = JSON.stringify([location.search, source()?.aws]);
    const old = state.figures;
    if (source()?.aws && old?.key === key && performance.now() - old.at < FIGURES_OF_AWS * 1000) return old;
    const took = tookOf(state);
    const [all, chosen] = await Promise.all([
      read("traces/figures", wanted, signal),
      took ? read("traces/figures", { ...wanted, took }, signal) : null,
    ]);
    return { all, chosen: chosen ?? all, key, at: performance.now() };
  }

  function draw() {
    const { answer, figures } = state;
    head.draw();
    table.hidden = state.grouped;
    groups.element.hidden = !state.grouped;
    if (figures) {
      above.draw({ ...figures, range: state.range, grouped: state.grouped });
      if (state.grouped) groups.draw(figures.chosen, answer?.end ?? Date.now() / 1000);
      else groups.element.replaceChildren();
    }
    drawAlike();
    if (!answer) return;
    waiting.remove();
    last = { address: location.search, answer, figures };
    drawRows(answer.traces);
    const has = ({ annotations }) => ownAnnotations(annotations).length > 0;
    table.classList.toggle("unannotated", !answer.traces.some(has));
    show(below, state.grouped ? null : answer.traces.length ? pages(state, turn) : nothing(state, turn));
    drawMarks();
    tick();
  }

  // What the traces have in common that were chosen by how they failed.
  function drawAlike() {
    const group = state.figures?.chosen.failures.find(({ key }) => key === state.failure);
    show(
      alike,
      state.failure
        ? h(
            "p",
            { class: "alike" },
            h("span", {}, "Failed alike: "),
            group ? h("b", {}, kindOfFailure(group)) : null,
            group ? h("span", { class: "dim" }, ` at ${where(group)}`) : null,
            h(
              "button",
              { type: "button", class: "quiet", onclick: () => choose({ failure: null }) },
              "✕ show all",
            ),
            h(
              "button",
              { type: "button", class: "quiet", onclick: () => choose({ failure: null, group: "failures" }) },
              "other failures",
            ),
          )
        : null,
    );
  }

  function firstPage() {
    main.scrollTop = 0;
    choose({});
  }

  function nextPage() {
    const { after, traces } = state.answer ?? {};
    if (!after || state.grouped) return;
    main.scrollTop = 0;
    choose({ after, from: state.from + traces.length });
  }

  function drawRows(traces) {
    const slowest = Math.max(0.001, ...traces.map(responseTime));
    const shown = new Set();
    const wanted = traces.map((trace) => {
      shown.add(trace.id);
      const key = JSON.stringify([trace, slowest, state.marked.includes(trace.id)]);
      const old = rows.get(trace.id);
      const row = old?.key === key ? old.row : traceRow(trace, slowest, state.marked.includes(trace.id), on);
      if (old && old.row !== row) {
        const held = old.row.contains(document.activeElement);
        old.row.replaceWith(row);
        if (held) row.querySelector("a.open").focus();
      }
      rows.set(trace.id, { key, row, start: trace.start });
      if (state.fresh.has(trace.id)) row.classList.add("fresh");
      return row;
    });
    for (const id of rows.keys()) if (!shown.has(id)) rows.delete(id);
    arrange(body, wanted);
  }

  // How long ago each began, by the console's clock.
  function tick() {
    if (!state.answer) return;
    const now = state.answer.end + (performance.now() - state.got) / 1000;
    for (const { row, start } of rows.values()) {
      const words = start === null ? "?" : age(Math.max(0, now - start));
      const time = row.querySelector("time");
      if (time.textContent !== words) time.textContent = words;
    }
  }
  const ticking = setInterval(() => document.hidden || tick(), 1000);

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
    ...listKeys(
      input,
      { querySelectorAll: (what) => (state.grouped ? groups.element : body).querySelectorAll(what) },
      live,
    ),
    x: () => {
      const row = document.activeElement.closest?.("tr[data-id]");
      if (row) toggleMark(row.dataset.id);
    },
    c: () => {
      if (state.marked.length === 2) go(addressOf("/compare", { a: state.marked[0], b: state.marked[1] }));
    },
    g: () => choose({ group: state.grouped ? null : "failures" }),
    n: nextPage,
  };

  if (last.address === location.search && last.answer) {
    Object.assign(state, { answer: { ...last.answer, address: last.address }, figures: last.figures });
    state.got = performance.now();
    draw();
  }
  live.begin();
  return {
    close() {
      clearInterval(ticking);
      news.stop();
    },
    key: pressed(keys),
  };
}
