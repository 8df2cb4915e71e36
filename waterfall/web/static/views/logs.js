// What a trace's functions wrote, below its waterfall; a chosen row narrows it to one invocation.

import { read } from "../api.js";
import { h, show } from "../dom.js";
import { polling } from "../live.js";
import { foldButton, problemBox } from "../parts.js";
import { cut, moment, plain } from "../pure/format.js";
import { extras, inOrder, invocationAt } from "../pure/invocations.js";
import { remember } from "../state.js";
import { values } from "./details.js";

const MOST = 3000;
const ENOUGH = 8; // answers without news after which logs are not asked for again

// `trace` gives the trace as last read; `asked` is the address's word: which invocation's node, or `on`.
export function logsPanel({ trace, asked, pace, onclose }) {
  const state = { invocations: [], text: "", same: 0, only: null, asked, opened: new Set(), polling: null };
  const chips = h("div", { class: "chips" });
  const list = h("div", { class: "lines", tabindex: "0", role: "log", "aria-label": "Log lines" });
  const element = h(
    "section",
    { class: "logs panel", "aria-label": "Logs", hidden: true },
    h(
      "header",
      {},
      h("h2", {}, "Logs"),
      chips,
      h(
        "button",
        {
          type: "button",
          class: "quiet close",
          "aria-label": "Close logs",
          title: "Close (l)",
          onclick: () => onclose(),
        },
        "✕",
      ),
    ),
    list,
  );

  async function load(signal) {
    try {
      const answer = await read(`traces/${encodeURIComponent(trace().id)}/logs`, {}, signal);
      const text = JSON.stringify(answer.invocations);
      state.same = text === state.text ? state.same + 1 : 0;
      if (text !== state.text) arrived(answer.invocations, text);
    } catch (failure) {
      if (failure.name === "AbortError") throw failure;
      state.same += 1;
      if (!state.text) show(list, problemBox(failure.message));
    }
    if (state.same >= (trace().unfinished ? 10 * ENOUGH : ENOUGH)) state.polling.pause(true);
  }

  function arrived(invocations, text) {
    const first = state.text === "";
    Object.assign(state, { invocations, text });
    if (first && state.asked) {
      const at = invocations.findIndex(
        ({ node }) => node !== null && trace().nodes[node]?.id === state.asked,
      );
      if (at >= 0) state.only = at;
    }
    if (state.only >= invocations.length) state.only = null;
    draw();
  }

  function draw() {
    const { invocations, only } = state;
    const count = invocations.reduce((sum, { lines }) => sum + lines.length, 0);
    show(
      chips,
      invocations.length > 1 ? chip(null, "All", count) : null,
      invocations.map((one, index) => chip(index, one.function, one.lines.length, one)),
    );
    const shown = inOrder(invocations).filter(({ index }) => only === null || index === only);
    const named = only === null && invocations.length > 1;
    list.classList.toggle("named", named);
    show(
      list,
      shown.slice(0, MOST).map((line) => row(line, named)),
      left(shown.length),
      reasons(),
    );
  }

  function chip(index, name, count, one) {
    const bad = one?.lines.some(({ level }) => level === "ERROR" || level === "FATAL");
    return h(
      "button",
      {
        type: "button",
        class: `quiet ${bad ? "bad" : ""}`,
        "aria-pressed": String(state.only === index),
        title: one ? cut(`${one.function} ${one.request_id ?? ""}`, 300) : "All functions",
        onclick: () => {
          narrow(index);
          chips.querySelector("[aria-pressed=true]")?.focus();
        },
      },
      cut(name, 60),
      h("span", { class: "badge count" }, count),
    );
  }

  function row(line, named) {
    const more = extras(line);
    const key = `${line.index} ${line.time} ${line.stream} ${line.message}`;
    const expandable = Object.keys(line.fields).length > 0;
    const isOpen = state.opened.has(key);
    const toggle = expandable
      ? foldButton(isOpen, {
          "aria-expanded": String(isOpen),
          "aria-label": "Fields",
          onclick: () => reopen(line, named, key, written),
        })
      : h("span", { class: "toggle" });
    const written = h(
      "div",
      { class: `line ${line.kind} ${line.level ?? ""}` },
      h("span", { class: "at" }, moment(line.time - trace().start)),
      toggle,
      h("span", { class: "level" }, line.level ?? ""),
      named
        ? h(
            "span",
            { class: `who tint${line.index % 6}`, title: cut(line.function, 300) },
            cut(line.function, 80),
          )
        : null,
      h(
        "span",
        { class: "said" },
        cut(line.message, 20000),
        isOpen
          ? fields(line)
          : more.length
            ? h(
                "span",
                { class: "extras" },
                more.slice(0, 20).map(([name, value]) => ` ${cut(name, 100)}=${cut(plain(value), 300)}`),
              )
            : null,
      ),
    );
    return written;
  }

  function reopen(line, named, key, written) {
    if (!state.opened.delete(key)) state.opened.add(key);
    const fresh = row(line, named);
    written.replaceWith(fresh);
    fresh.querySelector(".toggle").focus();
  }

  const left = (shown) => {
    const unread =
      state.invocations
        .filter((_, index) => state.only === null || index === state.only)
        .reduce((sum, { more }) => sum + more, 0) + Math.max(0, shown - MOST);
    return unread
      ? h("p", { class: "dim" }, `${unread} more lines: waterfall logs --trace ${trace().id}`)
      : null;
  };

  function reasons() {
    if (!state.invocations.length)
      return h(
        "p",
        { class: "dim none" },
        "No function of this trace left a segment of its own, so there is nothing to look for.",
      );
    return state.invocations
      .filter((one, index) => one.missing && (state.only === null || index === state.only))
      .map((one) =>
        h("p", { class: "warning" }, h("b", {}, cut(one.function, 100)), ` ${cut(one.missing, 500)}`),
      );
  }

  function narrow(index) {
    state.only = index;
    const node = index === null ? null : state.invocations[index].node;
    remember({ logs: node === null ? "on" : (trace().nodes[node]?.id ?? "on") });
    draw();
    list.scrollTop = 0;
  }

  return {
    element,
    isOpen: () => !element.hidden,
    open() {
      element.hidden = false;
      if (!state.text) show(list, h("p", { class: "dim none" }, "Reading the logs…"));
      remember({ logs: state.asked ?? "on" });
      state.polling ??= polling(load, pace);
      state.polling.pause(false);
    },
    close() {
      element.hidden = true;
      state.polling?.pause(true);
      state.asked = null;
      remember({ logs: null });
    },
    // A row was chosen: only its invocation's lines, or all when it belongs to none.
    choose(position) {
      if (element.hidden || !state.text) return;
      const found = invocationAt(trace().nodes, state.invocations, position);
      if (found !== state.only) narrow(found);
    },
    // The trace has grown: its functions may have written more.
    again() {
      state.same = 0;
      if (!element.hidden) state.polling?.pause(false);
    },
    stop: () => state.polling?.stop(),
  };
}

// A line's object, what the handler added first; a stack is a list of texts.
function fields(line) {
  const { stackTrace, message, ...others } = line.fields;
  return h(
    "div",
    { class: "fields" },
    values({ ...Object.fromEntries(extras(line)), ...others }),
    Array.isArray(stackTrace)
      ? h("pre", { class: "raw" }, cut(stackTrace.map(plain).join("\n"), 20000))
      : null,
  );
}
