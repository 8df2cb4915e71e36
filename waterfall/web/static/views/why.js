// Why is there no trace? The last requests, and for one of them what decided, a sentence each.

import { read } from "../api.js";
import { h, link, show } from "../dom.js";
import { polling } from "../live.js";
import { bar, emptyBox, problemBox, searchInput, statusPill } from "../parts.js";
import { age, clock, cut, day } from "../pure/format.js";
import { addressOf, remember } from "../state.js";
import { arrange, columns, listKeys, liveSwitch, pressed } from "./list.js";

const LIMIT = 200;
const SETTLED = 15; // seconds after which nothing more arrives of a request

const MARKS = {
  ok: ["✓", "as it should be"],
  stop: ["✗", "decided against a trace"],
  gap: ["▲", "a part is missing"],
  info: ["·", "decided nothing"],
};

export function whyView(main, { query, pace }) {
  const state = {
    asked: query.get("request") ?? "",
    live: query.get("live") !== "off",
    answer: null,
    requests: [],
    row: null,
  };
  main.className = "why";

  const input = searchInput("Which request", {
    class: "mono",
    value: state.asked,
    placeholder: "A request id, a trace id, GET /hello, or rule NAME",
  });
  const live = liveSwitch(state, () => poll);
  const body = h("tbody");
  const listProblem = h("div", { class: "slot" });
  const below = h("div", { class: "below" });
  const explanation = h("section", {
    class: "explanation panel",
    "aria-live": "polite",
    "aria-label": "Explanation",
  });
  show(
    main,
    bar(
      () => ask(input.value.trim()),
      h("div", { class: "filterbox" }, input, h("kbd", {}, "/")),
      h("button", { type: "submit" }, "Explain"),
      live.button,
    ),
    listProblem,
    h(
      "div",
      { class: "halves" },
      explanation,
      h(
        "section",
        { class: "requests panel" },
        h("table", {}, columns(["Status", "Request", "Trace", "Came"]), body),
        below,
      ),
    ),
  );

  const poll = polling(async (signal) => {
    try {
      const { requests, remembered } = await read("requests", { limit: LIMIT }, signal);
      state.requests = requests;
      show(listProblem);
      drawRows();
      show(
        below,
        remembered
          ? requests.length
            ? null
            : emptyBox("No requests yet", "Send one: it appears here as soon as it was answered.")
          : emptyBox(
              "No requests are remembered here",
              "AWS keeps no record of them. Ask above about a method and a URL, or about a trace id.",
            ),
      );
      await refresh(signal);
    } catch (failure) {
      if (failure.name === "AbortError") throw failure;
      show(listProblem, problemBox(failure.message));
    }
  }, pace);

  // What is shown is asked again while more may arrive of it.
  async function refresh(signal) {
    if (!state.asked && !state.requests.length) return;
    const row = state.requests.find((request) => request.id === state.answer?.request?.id);
    const known = JSON.stringify(row?.traces);
    const settled = state.answer && known === state.row && (!row || Date.now() / 1000 - row.at > SETTLED);
    if (settled) return;
    state.row = known;
    await explain(signal);
  }

  async function explain(signal) {
    const asked = state.asked;
    try {
      const answer = await read("why", { request: asked }, signal);
      if (asked !== state.asked) return;
      state.answer = answer;
      if (!asked && answer.request) {
        // the last request when this was opened, and not whatever comes next
        state.asked = answer.request.id;
        remember({ request: state.asked });
      }
      drawExplanation();
    } catch (failure) {
      if (failure.name === "AbortError") throw failure;
      if (asked !== state.asked) return;
      state.answer = { problem: failure.message };
      show(explanation, problemBox(failure.message));
    }
    drawRows();
  }

  function ask(text, { push = true } = {}) {
    state.asked = text;
    state.answer = null;
    input.value = text;
    remember({ request: text }, { push });
    drawRows();
    explain();
    explanation.scrollIntoView({ block: "nearest" });
  }

  function drawExplanation() {
    const { verdict, good, trace_id: trace, request, reasons } = state.answer;
    show(
      explanation,
      h("h1", { class: good ? "good" : "bad" }, cut(verdict, 2000)),
      request
        ? h(
            "p",
            { class: "dim what" },
            statusPill(statusOf(request)),
            " ",
            cut(nameOf(request), 500),
            " · ",
            h("span", { class: "mono" }, cut(request.id, 100)),
            ` · ${day(request.at)} ${clock(request.at, 3)}`,
          )
        : null,
      trace
        ? h("p", {}, link(`/trace/${encodeURIComponent(trace)}`, { class: "button" }, "Open the trace"))
        : null,
      h(
        "ol",
        { class: "reasons" },
        reasons.map((reason) =>
          h(
            "li",
            { class: reason.state },
            h(
              "span",
              {
                class: "mark",
                title: MARKS[reason.state][1],
                role: "img",
                "aria-label": MARKS[reason.state][1],
              },
              MARKS[reason.state][0],
            ),
            h(
              "div",
              {},
              h("p", {}, cut(reason.text, 4000)),
              reason.fix ? h("p", { class: "fix" }, cut(reason.fix, 2000)) : null,
            ),
          ),
        ),
      ),
    );
  }

  const rows = new Map();

  function drawRows() {
    const now = Date.now() / 1000;
    const chosen = state.answer?.request?.id ?? state.asked;
    const wanted = state.requests.map((request) => {
      const key = JSON.stringify([request, request.id === chosen]);
      const old = rows.get(request.id);
      const row = old?.key === key ? old.row : rowOf(request, request.id === chosen);
      if (old && old.row !== row) {
        const focused = old.row.contains(document.activeElement);
        old.row.replaceWith(row);
        if (focused) row.querySelector("a.open").focus();
      }
      rows.set(request.id, { key, row });
      row.querySelector("time").textContent = age(Math.max(0, now - request.at));
      return row;
    });
    arrange(body, wanted);
    for (const [id, { row }] of rows) if (!row.isConnected) rows.delete(id);
  }

  function rowOf(request, chosen) {
    const trace = request.traces[0];
    const row = h(
      "tr",
      { "data-id": request.id, "aria-current": chosen ? "true" : null },
      h("td", { class: "status" }, statusPill(statusOf(request))),
      h(
        "td",
        { class: "request" },
        link(
          addressOf("/why", { request: request.id }),
          { class: "open", title: cut(nameOf(request), 2000) },
          request.method
            ? [h("b", { class: "method" }, cut(request.method, 20)), " ", cut(request.url)]
            : cut(nameOf(request)),
        ),
      ),
      h(
        "td",
        { class: `outcome ${trace ? "traced" : "untraced"}` },
        trace ? link(`/trace/${encodeURIComponent(trace)}`, {}, `✓ ${request.brief}`) : `✗ ${request.brief}`,
      ),
      h("td", { class: "began" }, h("time", { title: `${day(request.at)} ${clock(request.at, 3)}` })),
    );
    row.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.target.closest(".outcome a")) return;
      event.preventDefault();
      ask(request.id);
    });
    return row;
  }

  const keys = listKeys(input, body, live);

  live.begin();
  return { close: poll.stop, key: pressed(keys) };
}

function nameOf({ method, url, event_source: source }) {
  if (method) return `${method} ${url}`;
  const kind = source?.includes(":sqs:") ? "queue" : "stream";
  return `${source ? kind : "invoke"} ${url}`;
}

function statusOf({ status }) {
  const word = status >= 500 ? "fault" : status === 429 ? "throttle" : status >= 400 ? "error" : "ok";
  return { status: word, http_status: status };
}
