// The chart of a trace: its axis, and of its rows those that are in sight, so that thousands stay smooth.

import { h, show } from "../dom.js";
import { stepOf, window as sight } from "../pure/rows.js";
import { timeAxis } from "./trace_axis.js";
import { rowsOf } from "./trace_rows.js";

const ROW = 28;
const NARROWEST = 140;

// `state` is the view's: `trace`, `rows`, `chosen`. `tools` and `search` stand in the column of the names.
export function traceChart({ state, span, shown, tools, search, toggleNode, choose, isFound, onzoom }) {
  const field = h("div", { class: "field" });
  const scroller = h("div", { class: "rows", role: "tree", tabindex: "0", "aria-label": "Segments" }, field);
  const time = timeAxis({ shown, span, onzoom });
  const edge = h("div", {
    class: "edge",
    role: "separator",
    tabindex: "0",
    "aria-orientation": "vertical",
    "aria-label": "Width of the names",
    title: "Drag to widen the names; double-click to fit them",
  });
  const element = h(
    "section",
    { class: "chart panel", hidden: true, "aria-label": "Waterfall" },
    h("div", { class: "axis whole" }, h("div", { class: "names" }, search), time.minimap),
    h("div", { class: "axis" }, h("div", { class: "names" }, tools), time.axis),
    scroller,
    edge,
  );
  const { nodeRow, remarkRow } = rowsOf({ state, span, shown, toggleNode, choose, isFound });
  let drawn = { first: -1, last: -1 };
  let elements = new Map(); // the rows in sight, by their place: scrolling makes only those that come in
  const grid = h("div", { class: "grid", "aria-hidden": "true" });

  function refresh() {
    field.style.height = `${state.rows.length * ROW}px`;
    drawAxis();
    drawRows(true);
  }

  function drawAxis() {
    const { from, to } = shown();
    show(
      grid,
      time
        .draw(state.trace.nodes)
        .map((tick) => h("i", { style: { left: `${((tick - from) / (to - from)) * 100}%` } })),
    );
    const names = edge.offsetLeft || 400;
    element.style.setProperty("--step", `${stepOf(state.rows, names).toFixed(2)}px`);
    edge.setAttribute("aria-valuenow", String(Math.round(names)));
  }

  function drawRows(again = false) {
    if (!state.trace) return;
    const wanted = sight(state.rows.length, ROW, scroller.scrollTop, scroller.clientHeight);
    if (!again && wanted.first === drawn.first && wanted.last === drawn.last) return;
    drawn = wanted;
    if (again) {
      elements = new Map();
      show(field, grid);
    }
    for (const [index, row] of elements) {
      if (index >= wanted.first && index < wanted.last) continue;
      row.remove();
      elements.delete(index);
    }
    const made = document.createDocumentFragment();
    for (let index = wanted.first; index < wanted.last; index += 1) {
      if (elements.has(index)) continue;
      const row = state.rows[index];
      const one = row.kind === "node" ? nodeRow(row) : remarkRow(row);
      one.style.top = `${index * ROW}px`;
      elements.set(index, one);
      made.append(one);
    }
    field.append(made);
  }

  function keepInSight(position) {
    const index = state.rows.findIndex((row) => row.kind === "node" && row.position === position);
    if (index < 0) return;
    const [top, bottom] = [index * ROW, (index + 1) * ROW];
    const height = scroller.clientHeight;
    const far = top < scroller.scrollTop - height || bottom > scroller.scrollTop + 2 * height;
    if (far) scroller.scrollTop = top - height / 2;
    else if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (bottom > scroller.scrollTop + height) scroller.scrollTop = bottom - height;
  }

  const redraw = onceAFrame(() => {
    if (!state.trace) return;
    drawAxis();
    drawRows(true);
  });
  scroller.addEventListener(
    "scroll",
    onceAFrame(() => drawRows()),
    { passive: true },
  );
  scroller.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey || event.shiftKey) time.turned(event, time.axis);
    },
    { passive: false },
  );
  // Rows are laid out in shares of the width: they stay, and with them a click that has begun on one.
  const fit = onceAFrame(() => {
    if (!state.trace) return;
    drawAxis();
    drawRows();
  });
  const resized = new ResizeObserver(fit);
  resized.observe(scroller);
  namesColumn(element, edge, fit);

  return {
    element,
    scroller,
    refresh,
    redraw,
    drawRows,
    keepInSight,
    focus: () => scroller.focus({ preventScroll: true }),
    stop: () => resized.disconnect(),
  };
}

function onceAFrame(work) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      work();
    });
  };
}

// The names take as much width as one gives them, in every trace.
function namesColumn(chart, edge, onchange) {
  const widen = (pixels) => {
    if (pixels === null) {
      localStorage.removeItem("names");
      chart.style.removeProperty("--names");
    } else {
      const width = Math.max(NARROWEST, Math.round(pixels));
      localStorage.setItem("names", String(width));
      chart.style.setProperty("--names", `min(${width}px, 80cqw)`);
    }
    onchange();
  };
  const kept = Number(localStorage.getItem("names"));
  if (kept) widen(kept);
  edge.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    edge.setPointerCapture(event.pointerId);
    const left = chart.getBoundingClientRect().x;
    const onmove = (next) => widen(next.clientX - left);
    edge.addEventListener("pointermove", onmove);
    edge.addEventListener("lostpointercapture", () => edge.removeEventListener("pointermove", onmove), {
      once: true,
    });
  });
  edge.addEventListener("dblclick", () =>
    widen(Math.max(...[...chart.querySelectorAll(".row .name")].map(needed))),
  );
  edge.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (!by && event.key !== "Home") return;
    event.stopPropagation();
    event.preventDefault();
    widen(by ? edge.offsetLeft + by : null);
  });
}

// Returns the width in which nothing of a row's name would be cut.
function needed(name) {
  const text = name.querySelector(".text");
  const parts = [...name.children];
  const after = parts.slice(parts.indexOf(text) + 1).filter((one) => one.offsetWidth);
  const begin = text.getBoundingClientRect().x - name.getBoundingClientRect().x;
  return begin + text.scrollWidth + after.reduce((sum, one) => sum + one.scrollWidth + 6, 0) + 16;
}
