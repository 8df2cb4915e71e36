// The time axis above the rows, and the whole trace in a strip over it: dragging chooses what is shown.

import { h, show, svg } from "../dom.js";
import { stepOf, tickName, ticks } from "../pure/axis.js";
import { outline } from "../pure/minimap.js";
import { isWhole, moved, stretch, zoomed } from "../pure/zoom.js";

const [WIDTH, HEIGHT] = [1000, 100];
const APART = 90; // pixels between ticks, about
const A_DRAG = 4; // pixels, less is a click

// `shown()` is the stretch in sight, `span()` the trace's seconds; `onzoom(stretch)` asks for another.
export function timeAxis({ shown, span, onzoom }) {
  const axis = h("div", { class: "ticks", title: "Drag to zoom; turn the wheel; 0 shows all" });
  const outside = [h("i", { class: "outside" }), h("i", { class: "outside" })];
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" });
  const minimap = h(
    "div",
    { class: "minimap", "aria-hidden": "true", title: "The whole trace: drag to zoom, click to move there" },
    drawing,
    outside,
  );
  let known = null;

  function drawMinimap(nodes) {
    if (known === nodes) return;
    known = nodes;
    show(
      drawing,
      outline(nodes, span(), WIDTH, HEIGHT).map(([tone, path]) => svg("path", { class: tone, d: path })),
    );
    drawing.style.setProperty("--thick", `${Math.min(3, Math.max(1, 26 / nodes.length))}px`);
  }

  // Returns the ticks in sight, in seconds.
  function draw(nodes) {
    drawMinimap(nodes);
    const { from, to } = shown();
    const length = to - from;
    const width = axis.clientWidth || 500;
    const most = Math.max(2, Math.min(12, Math.floor(width / APART)));
    const found = ticks(length, most, from);
    const step = stepOf(length, most);
    show(
      axis,
      found
        .filter((tick) => (1 - (tick - from) / length) * width > 50)
        .map((tick) =>
          h("span", { style: { left: `${((tick - from) / length) * 100}%` } }, tickName(tick, step, to)),
        ),
    );
    outside[0].style.width = `${(from / span()) * 100}%`;
    outside[1].style.width = `${(1 - to / span()) * 100}%`;
    minimap.classList.toggle("zoomed", !isWhole(shown(), span()));
    return found;
  }

  // `stretchOf()` is what the element's width stands for, `onclick(seconds)` what a click does.
  function draggable(element, stretchOf, onclick) {
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      element.setPointerCapture(event.pointerId);
      const box = element.getBoundingClientRect();
      const mark = h("i", { class: "selecting" });
      const { from, to } = stretchOf();
      const at = ({ clientX }) =>
        from + Math.min(1, Math.max(0, (clientX - box.x) / box.width)) * (to - from);
      const [began, x] = [at(event), event.clientX];
      element.append(mark);
      const onmove = (next) => {
        const edges = [x, Math.min(box.right, Math.max(box.x, next.clientX))].sort(
          (one, other) => one - other,
        );
        mark.style.left = `${edges[0] - box.x}px`;
        mark.style.width = `${edges[1] - edges[0]}px`;
      };
      const onend = (last) => {
        element.removeEventListener("pointermove", onmove);
        element.removeEventListener("pointerup", onend);
        element.removeEventListener("pointercancel", onend);
        mark.remove();
        if (last.type === "pointercancel") return;
        if (Math.abs(last.clientX - x) > A_DRAG) onzoom(stretch(began, at(last), span()));
        else onclick?.(began);
      };
      element.addEventListener("pointermove", onmove);
      element.addEventListener("pointerup", onend);
      element.addEventListener("pointercancel", onend);
    });
    element.addEventListener("dblclick", () => onzoom(null));
    element.addEventListener("wheel", (event) => turned(event, element), { passive: false });
  }

  // The wheel zooms where it is; sideways, or with shift, it moves. Tells whether it did.
  function turned(event, element) {
    const box = element.getBoundingClientRect();
    const { from, to } = shown();
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    event.preventDefault();
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY))
      onzoom(moved(shown(), sideways / box.width, span()));
    else {
      const at = from + Math.min(1, Math.max(0, (event.clientX - box.x) / box.width)) * (to - from);
      const lines = event.deltaMode ? event.deltaY * 30 : event.deltaY;
      onzoom(zoomed(shown(), 1.0025 ** Math.min(300, Math.max(-300, lines)), at, span()));
    }
  }

  draggable(axis, shown);
  draggable(
    minimap,
    () => ({ from: 0, to: span() }),
    (at) => {
      const { from, to } = shown();
      if (!isWhole(shown(), span())) onzoom(moved(shown(), (at - (from + to) / 2) / (to - from), span()));
    },
  );
  return { axis, minimap, draw, turned };
}
