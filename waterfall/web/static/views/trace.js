// One trace as a waterfall. Only the rows in sight exist, so that thousands stay smooth.

import { read } from "../api.js";
import { h, link, show } from "../dom.js";
import { polling } from "../live.js";
import { emptyBox } from "../parts.js";
import { ticks } from "../pure/axis.js";
import { duration } from "../pure/format.js";
import { hasChildren, visibleRows, window as sight, withChildren } from "../pure/rows.js";
import { isOffered, saved } from "../saved.js";
import { addressOf, remember } from "../state.js";
import { detailsPanel } from "./details.js";
import { logsPanel } from "./logs.js";
import { headOf, titleOf } from "./trace_head.js";
import { rowsOf } from "./trace_rows.js";

const ROW = 28;
const ENOUGH = 15; // answers without news after which a finished trace is not asked for again

export function traceView(main, { id, query, pace }) {
  const state = {
    trace: null,
    linked: [],
    text: "",
    same: 0,
    closed: new Set(),
    critical: query.get("critical") !== "off",
    rows: [],
    chosen: null,
  };
  main.className = "trace";
  const head = h("section", { class: "head" });
  const axis = h("div", { class: "ticks", "aria-hidden": "true" });
  const tools = h("div", { class: "tools" });
  const field = h("div", { class: "field" });
  const scroller = h("div", { class: "rows", role: "tree", tabindex: "0", "aria-label": "Segments" }, field);
  const panel = h("aside", { class: "details", hidden: true, "aria-label": "Details" });
  const chart = h(
    "section",
    { class: "chart panel", hidden: true },
    h("div", { class: "axis" }, h("div", { class: "names" }, tools), axis),
    scroller,
  );
  const legend = h(
    "div",
    { class: "legend", "aria-hidden": "true", hidden: true },
    [
      ["segment", "segment"],
      ["sub", "own code"],
      ["call", "call"],
      ["phase", "cold start"],
      ["overhead", "overhead"],
      ["critical", "critical path"],
    ].map(([tone, text]) => h("span", {}, h("i", { class: tone }), text)),
  );
  const hasLogs = isOffered(`traces/${id}/logs`);
  const asked = hasLogs ? query.get("logs") : null;
  const logs = logsPanel({
    trace: () => state.trace,
    asked: asked === "on" ? null : asked,
    pace,
    onclose: toggleLogs,
  });
  show(
    main,
    head,
    h("div", { class: "split" }, h("div", { class: "left" }, chart, legend, logs.element), panel),
  );
  show(head, h("p", { class: "dim" }, "Reading the trace…"));

  const poll = polling(async (signal) => {
    try {
      const trace = await read(`traces/${encodeURIComponent(id)}`, {}, signal);
      const text = JSON.stringify(trace);
      state.same = text === state.text ? state.same + 1 : 0;
      if (text !== state.text) arrived(trace, text);
      await follow(signal);
      if (saved || state.same >= (trace.unfinished ? 10 * ENOUGH : ENOUGH)) poll.pause(true);
    } catch (failure) {
      if (failure.name === "AbortError") throw failure;
      if (!state.trace)
        show(
          head,
          emptyBox("This trace cannot be shown", failure.message),
          link("/traces", { class: "button" }, "All traces"),
          failure.status === 404
            ? link(addressOf("/why", { request: id }), { class: "button" }, "Why is there no trace?")
            : null,
        );
      if (failure.status === 400) poll.stop();
    }
  }, pace);
  poll.now();

  function arrived(trace, text) {
    const first = state.trace === null;
    const chosenId = first
      ? query.get("node")
      : state.chosen === null
        ? null
        : state.trace.nodes[state.chosen]?.id;
    const closedIds = first
      ? (query.get("closed") ?? "").split(",")
      : [...state.closed].map((position) => state.trace.nodes[position]?.id);
    Object.assign(state, { trace, text });
    const positions = new Map(trace.nodes.map((node, position) => [node.id, position]));
    state.closed = new Set(
      closedIds[0] === "*"
        ? withChildren(trace.nodes)
        : closedIds.map((one) => positions.get(one)).filter((one) => one !== undefined),
    );
    document.title = titleOf(trace);
    drawHead();
    chart.hidden = legend.hidden = !trace.nodes.length;
    drawTools();
    refresh();
    if (chosenId && positions.has(chosenId)) choose(positions.get(chosenId), { quiet: !first });
    if (first) scroller.focus({ preventScroll: true });
    if (first && asked) toggleLogs();
    else logs.again();
  }

  function drawHead() {
    show(head, headOf(state.trace, state.linked, reveal));
  }

  // Those who receive the trace's messages have traces of their own, which come later.
  async function follow(signal) {
    const { traces } = await read(`traces/${encodeURIComponent(id)}/linked`, {}, signal);
    if (traces.length === state.linked.length) return;
    state.linked = traces;
    drawHead();
  }

  function drawTools() {
    const all = withChildren(state.trace.nodes);
    show(
      tools,
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          title: "Open or close all (e)",
          disabled: !all.length,
          onclick: toggleAll,
        },
        state.closed.size ? "Expand all" : "Collapse all",
      ),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          title: "What the trace was waiting for, at every moment (p)",
          "aria-pressed": String(state.critical),
          onclick: toggleCritical,
        },
        "Critical path",
      ),
      hasLogs
        ? h(
            "button",
            {
              type: "button",
              class: "quiet",
              title: "What the functions wrote (l)",
              "aria-pressed": String(logs.isOpen()),
              onclick: toggleLogs,
            },
            "Logs",
          )
        : null,
    );
  }

  function toggleAll() {
    state.closed = new Set(state.closed.size ? [] : withChildren(state.trace.nodes));
    closedChanged();
  }

  function toggleCritical() {
    state.critical = !state.critical;
    remember({ critical: state.critical ? null : "off" });
    drawTools();
    drawRows(true);
  }

  function toggleLogs() {
    if (logs.isOpen()) logs.close();
    else logs.open();
    main.classList.toggle("logged", logs.isOpen());
    drawTools();
    if (logs.isOpen() && state.chosen !== null) logs.choose(state.chosen);
    if (!logs.isOpen()) scroller.focus({ preventScroll: true });
  }

  function closedChanged() {
    const parents = withChildren(state.trace.nodes).length;
    const ids = [...state.closed].map((position) => state.trace.nodes[position].id);
    remember({
      closed: !ids.length
        ? null
        : state.closed.size === parents
          ? "*"
          : ids.length <= 60
            ? ids.join(",")
            : null,
    });
    drawTools();
    refresh();
  }

  function refresh() {
    state.rows = visibleRows(state.trace.nodes, state.closed);
    field.style.height = `${state.rows.length * ROW}px`;
    drawAxis();
    drawRows(true);
  }

  const span = () => Math.max(state.trace.duration, 1e-6);

  function drawAxis() {
    const found = ticks(span(), Math.max(2, Math.min(8, Math.floor((axis.clientWidth || 500) / 90))));
    show(
      axis,
      found
        .filter((tick) => (1 - tick / span()) * (axis.clientWidth || 500) > 46)
        .map((tick) => h("span", { style: { left: `${(tick / span()) * 100}%` } }, duration(tick))),
    );
    state.ticks = found;
  }

  const { nodeRow, remarkRow } = rowsOf({ state, span, toggleNode, choose });
  let drawn = { first: -1, last: -1 };
  let elements = new Map(); // the rows in sight, by their place: scrolling makes only those that come in
  function drawRows(again = false) {
    if (!state.trace) return;
    const wanted = sight(state.rows.length, ROW, scroller.scrollTop, scroller.clientHeight);
    if (!again && wanted.first === drawn.first && wanted.last === drawn.last) return;
    drawn = wanted;
    if (again) {
      elements = new Map();
      show(field, gridLines());
    }
    for (const [index, element] of elements) {
      if (index >= wanted.first && index < wanted.last) continue;
      element.remove();
      elements.delete(index);
    }
    for (let index = wanted.first; index < wanted.last; index += 1) {
      if (elements.has(index)) continue;
      const row = state.rows[index];
      const element = row.kind === "node" ? nodeRow(row) : remarkRow(row);
      element.style.top = `${index * ROW}px`;
      elements.set(index, element);
      field.append(element);
    }
  }

  const gridLines = () =>
    h(
      "div",
      { class: "grid", "aria-hidden": "true" },
      (state.ticks ?? []).map((tick) => h("i", { style: { left: `${(tick / span()) * 100}%` } })),
    );
  let waiting = false;
  scroller.addEventListener(
    "scroll",
    () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        drawRows();
      });
    },
    { passive: true },
  );
  const resized = new ResizeObserver(() => {
    if (state.trace) {
      drawAxis();
      drawRows(true);
    }
  });
  resized.observe(scroller);

  function toggleNode(position, open = undefined) {
    if (!hasChildren(state.trace.nodes, position)) return;
    if (open ?? state.closed.has(position)) state.closed.delete(position);
    else state.closed.add(position);
    closedChanged();
  }

  function choose(position, { toggle = false, quiet = false } = {}) {
    if (toggle && state.chosen === position && !panel.hidden) return close();
    state.chosen = position;
    const node = state.trace.nodes[position];
    scroller.setAttribute("aria-activedescendant", `node-${position}`);
    if (!quiet || !panel.hidden) {
      const tab = panel.dataset.tab ?? query.get("tab");
      panel.hidden = false;
      main.classList.add("detailed");
      detailsPanel(panel, state.trace, position, { tab, onclose: close });
      remember({ node: node.id });
    }
    logs.choose(position);
    drawRows(true);
    keepInSight(position);
  }

  function close() {
    panel.hidden = true;
    main.classList.remove("detailed");
    remember({ node: null, tab: null });
    drawRows(true);
    scroller.focus({ preventScroll: true });
  }

  function keepInSight(position) {
    const index = state.rows.findIndex((row) => row.kind === "node" && row.position === position);
    if (index < 0) return;
    const [top, bottom] = [index * ROW, (index + 1) * ROW];
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (bottom > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = bottom - scroller.clientHeight;
  }

  function reveal(position) {
    for (
      let above = state.trace.nodes[position].parent;
      above !== null;
      above = state.trace.nodes[above].parent
    )
      state.closed.delete(above);
    closedChanged();
    choose(position);
  }

  function move(step) {
    const shown = state.rows.filter((row) => row.kind === "node").map((row) => row.position);
    const at = shown.indexOf(state.chosen);
    focusOn(shown[Math.max(0, Math.min(shown.length - 1, at + step))]);
  }

  const focusOn = (position) => choose(position, { quiet: true });

  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    j: () => move(1),
    k: () => move(-1),
    ArrowRight: () => {
      if (state.chosen === null) move(1);
      else if (state.closed.has(state.chosen)) toggleNode(state.chosen, true);
      else if (hasChildren(state.trace.nodes, state.chosen)) focusOn(state.chosen + 1);
    },
    ArrowLeft: () => {
      if (state.chosen === null) return;
      const isOpen = hasChildren(state.trace.nodes, state.chosen) && !state.closed.has(state.chosen);
      if (isOpen) toggleNode(state.chosen, false);
      else if (state.trace.nodes[state.chosen].parent !== null)
        focusOn(state.trace.nodes[state.chosen].parent);
    },
    Enter: () => {
      if (state.chosen !== null) choose(state.chosen, { toggle: true });
    },
    Escape: () => {
      if (!panel.hidden) close();
      else if (logs.isOpen()) toggleLogs();
    },
    e: toggleAll,
    p: toggleCritical,
    ...(hasLogs ? { l: toggleLogs } : {}),
  };

  return {
    close() {
      poll.stop();
      logs.stop();
      resized.disconnect();
    },
    key(event) {
      const within = (selector) => Boolean(event.target.closest?.(selector));
      if (!state.trace || !keys[event.key]) return false;
      if (
        (event.key === "Enter" && within("aside, button, a")) ||
        (event.key.startsWith("Arrow") && within("aside, .logs"))
      )
        return false;
      keys[event.key]();
      return true;
    },
  };
}
