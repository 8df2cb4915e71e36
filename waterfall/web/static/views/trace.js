// One trace as a waterfall: what is shown of it, what is chosen, and its keys.

import { read } from "../api.js";
import { h, link, show } from "../dom.js";
import { polling } from "../live.js";
import { emptyBox } from "../parts.js";
import { hasChildren, visibleRows, withChildren } from "../pure/rows.js";
import * as zoom from "../pure/zoom.js";
import { isOffered, saved } from "../saved.js";
import { addressOf, remember } from "../state.js";
import { detailsPanel } from "./details.js";
import { logsPanel } from "./logs.js";
import { traceChart } from "./trace_chart.js";
import { actionsOf, headOf, titleOf } from "./trace_head.js";
import { traceSearch } from "./trace_search.js";
import { legend, toolsOf, waiting } from "./trace_tools.js";

const ENOUGH = 15; // answers without news after which a finished trace is not asked for again

// What a cold start was spent on stays in its bar until somebody opens it.
const measured = ({ nodes }) =>
  nodes
    .filter(({ phase, id }, position) => phase === "init" && id && hasChildren(nodes, position))
    .map(({ id }) => id);

// Others are linked by messages alone; to ask about them costs a look at all traces of some minutes.
const mayBeLinked = ({ operation, links }) => links.length > 0 || operation?.startsWith("SendMessage");

export function traceView(main, { id, query, pace }) {
  const state = {
    trace: null,
    linked: [],
    senders: [],
    previous: null,
    lost: null,
    actions: null,
    text: "",
    same: 0,
    closed: new Set(),
    critical: query.get("critical") !== "off",
    zoom: null,
    rows: [],
    chosen: null,
  };
  main.className = "trace";
  const head = h("section", { class: "head" });
  const tools = h("div", { class: "tools" });
  const panel = h("aside", { class: "details", hidden: true, "aria-label": "Details" });
  const span = () => Math.max(state.trace.duration, 1e-6);
  const shown = () => state.zoom ?? { from: 0, to: span() };
  const finder = traceSearch({
    nodes: () => state.trace?.nodes ?? [],
    chosen: () => state.chosen,
    goto: (position) => reveal(position, undefined, { quiet: true }),
    ondone: () => chart.focus(),
    onchange: () => chart.drawRows(true),
    asked: query.get("find"),
  });
  const chart = traceChart({
    state,
    span,
    shown,
    tools,
    search: finder.element,
    toggleNode,
    choose,
    isFound: (position) => finder.whereOf(position) !== null,
    onzoom: zoomTo,
  });
  const explained = legend();
  const hasLogs = isOffered(`traces/${id}/logs`);
  const asked = hasLogs ? query.get("logs") : null;
  const logs = logsPanel({
    trace: () => state.trace,
    asked: asked === "on" ? null : asked,
    pace,
    onclose: toggleLogs,
  });
  const skeleton = waiting();
  show(
    main,
    head,
    h(
      "div",
      { class: "split" },
      h("div", { class: "left" }, skeleton, chart.element, explained, logs.element),
      panel,
    ),
  );
  show(head, h("h1", { class: "dim" }, "Reading the trace…"));

  const poll = polling(async (signal) => {
    try {
      const trace = await read(`traces/${encodeURIComponent(id)}`, {}, signal);
      const text = JSON.stringify(trace);
      state.same = text === state.text ? state.same + 1 : 0;
      const recovered = state.lost !== null;
      state.lost = null;
      if (text !== state.text) arrived(trace, text);
      else if (recovered) drawHead();
      await follow(signal);
      if (saved || state.same >= (trace.unfinished ? 10 * ENOUGH : ENOUGH)) poll.pause(true);
    } catch (failure) {
      if (failure.name === "AbortError") throw failure;
      skeleton.hidden = true;
      if (state.trace && state.lost !== failure.message) {
        state.lost = failure.message;
        drawHead();
      }
      if (!state.trace)
        show(
          head,
          h("h1", { class: "unseen" }, "Trace"),
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
    const before = state.trace;
    const first = before === null;
    const chosenId = first
      ? query.get("node")
      : state.chosen === null
        ? null
        : state.trace.nodes[state.chosen]?.id;
    const closedIds = first
      ? (query.get("closed")?.split(",") ?? measured(trace))
      : [...state.closed].map((position) => state.trace.nodes[position]?.id);
    Object.assign(state, { trace, text });
    const positions = new Map(trace.nodes.map((node, position) => [node.id, position]));
    state.closed = new Set(
      closedIds[0] === "*"
        ? withChildren(trace.nodes)
        : closedIds.map((one) => positions.get(one)).filter((one) => one !== undefined),
    );
    if (!saved && (first || Boolean(trace.url) !== Boolean(before.url))) state.actions = actionsOf(trace);
    if (first) state.zoom = zoom.read(query.get("zoom"), span());
    else if (state.zoom?.to > span()) state.zoom = null;
    document.title = titleOf(trace);
    skeleton.hidden = true;
    drawHead();
    chart.element.hidden = explained.hidden = !trace.nodes.length;
    explained.classList.toggle("paused", Boolean(trace.paused));
    drawTools();
    finder.again();
    refresh();
    if (chosenId && positions.has(chosenId)) choose(positions.get(chosenId), { quiet: !first });
    if (first && !main.contains(document.activeElement)) chart.focus();
    if (first && asked) toggleLogs();
    else logs.again();
  }

  function drawHead() {
    show(head, headOf(state, reveal));
  }

  // Those who receive the trace's messages have traces of their own, which come later.
  async function follow(signal) {
    const path = `traces/${encodeURIComponent(id)}`;
    const isAlone = !state.trace.nodes.some(mayBeLinked);
    const [{ traces, senders }, before] = await Promise.all([
      isAlone ? { traces: [], senders: [] } : read(`${path}/linked`, {}, signal),
      state.previous === null && !saved ? read(`${path}/previous`, {}, signal) : null,
    ]);
    const news = traces.length !== state.linked.length || senders.length !== state.senders.length;
    Object.assign(state, { linked: traces, senders });
    if (before) state.previous = before.trace ?? false;
    if (before?.trace || news) drawHead();
    if (news) refresh();
  }

  function drawTools() {
    show(
      tools,
      toolsOf({
        state,
        isZoomed: state.zoom !== null,
        logs: hasLogs ? logs.isOpen() : null,
        toggleAll,
        toggleCritical,
        toggleLogs,
        zoomOut: () => zoomTo(null),
      }),
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
    chart.drawRows(true);
  }

  function toggleLogs() {
    if (logs.isOpen()) logs.close();
    else logs.open();
    main.classList.toggle("logged", logs.isOpen());
    drawTools();
    if (logs.isOpen() && state.chosen !== null) logs.choose(state.chosen);
    if (!logs.isOpen()) chart.focus();
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
    const received = Map.groupBy(
      state.linked.filter(({ node }) => node !== null),
      ({ node }) => node,
    );
    state.rows = visibleRows(state.trace.nodes, state.closed, received);
    chart.refresh();
  }

  function zoomTo(stretch) {
    const was = state.zoom;
    state.zoom = stretch && !zoom.isWhole(stretch, span()) ? stretch : null;
    rememberZoom();
    if ((was === null) !== (state.zoom === null)) drawTools();
    chart.redraw();
  }

  // A turning wheel asks often, and browsers take few addresses in a second.
  let rememberTimer = null;
  function rememberZoom() {
    clearTimeout(rememberTimer);
    rememberTimer = setTimeout(() => remember({ zoom: state.zoom && zoom.written(state.zoom) }), 150);
  }

  function zoomBy(factor) {
    const { from, to } = shown();
    const node = state.trace.nodes[state.chosen];
    const middle = node ? node.offset + (node.duration ?? 0) / 2 : (from + to) / 2;
    zoomTo(zoom.zoomed(shown(), factor, middle >= from && middle <= to ? middle : (from + to) / 2, span()));
  }

  // The chosen span over the whole width, with a little around it.
  function zoomToChosen() {
    const node = state.trace.nodes[state.chosen];
    if (!node) return;
    const length = node.duration ?? span() - node.offset;
    const [from, to] = [node.offset - length * 0.05, node.offset + length * 1.05];
    zoomTo(zoom.stretch(Math.max(0, from), Math.min(span(), to), span()));
  }

  function toggleNode(position, open = undefined) {
    if (!hasChildren(state.trace.nodes, position)) return;
    if (open ?? state.closed.has(position)) state.closed.delete(position);
    else state.closed.add(position);
    closedChanged();
  }

  function choose(position, { toggle = false, quiet = false, tab = undefined } = {}) {
    if (toggle && state.chosen === position && !panel.hidden) return close();
    state.chosen = position;
    const node = state.trace.nodes[position];
    chart.scroller.setAttribute("aria-activedescendant", `node-${position}`);
    if (!quiet || !panel.hidden) {
      panel.hidden = false;
      main.classList.add("detailed");
      detailsPanel(panel, state.trace, position, {
        tab: tab ?? panel.dataset.tab ?? query.get("tab"),
        onclose: close,
      });
      remember({ node: node.id });
    }
    logs.choose(position);
    finder.chose(position);
    chart.keepInSight(position);
    chart.drawRows(true);
  }

  function close() {
    panel.hidden = true;
    main.classList.remove("detailed");
    remember({ node: null, tab: null });
    chart.drawRows(true);
    chart.focus();
  }

  function reveal(position, tab = undefined, { quiet = false } = {}) {
    const { nodes } = state.trace;
    const size = state.closed.size;
    for (let above = nodes[position].parent; above !== null; above = nodes[above].parent)
      state.closed.delete(above);
    if (state.closed.size !== size) closedChanged();
    choose(position, { tab, quiet });
  }

  function move(step) {
    const open = state.rows.filter((row) => row.kind === "node").map((row) => row.position);
    const at = open.indexOf(state.chosen);
    focusOn(open[Math.max(0, Math.min(open.length - 1, at + step))]);
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
      const menu = main.querySelector("details[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      } else if (!panel.hidden) close();
      else if (finder.isUsed()) finder.clear();
      else if (logs.isOpen()) toggleLogs();
    },
    "/": finder.focus,
    n: () => finder.next(1),
    N: () => finder.next(-1),
    "+": () => zoomBy(0.5),
    "=": () => zoomBy(0.5),
    "-": () => zoomBy(2),
    0: () => zoomTo(null),
    z: zoomToChosen,
    e: toggleAll,
    p: toggleCritical,
    ...(hasLogs ? { l: toggleLogs } : {}),
  };
  const shifted = {
    ArrowLeft: () => zoomTo(zoom.moved(shown(), -0.25, span())),
    ArrowRight: () => zoomTo(zoom.moved(shown(), 0.25, span())),
  };

  return {
    close() {
      clearTimeout(rememberTimer);
      poll.stop();
      logs.stop();
      chart.stop();
    },
    key(event) {
      const within = (selector) => Boolean(event.target.closest?.(selector));
      const does = event.shiftKey && shifted[event.key] ? shifted[event.key] : keys[event.key];
      if (!state.trace || !does) return false;
      if (
        (event.key === "Enter" && within("aside, button, a, summary")) ||
        (event.key.startsWith("Arrow") && within("aside, .logs"))
      )
        return false;
      does();
      return true;
    },
  };
}
