// Response times as bars; drag over them, or click one, to select.

import { h, show, svg } from "../dom.js";
import { duration } from "../pure/format.js";
import { bins, STATUSES } from "../pure/histogram.js";

const [WIDTH, HEIGHT, BASE] = [640, 96, 76];

export function histogram({ onselect }) {
  const picture = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    class: "bars",
  });
  const labels = h("div", { class: "labels" });
  const note = h("div", { class: "note" });
  const element = h(
    "div",
    { class: "histogram", role: "group", "aria-label": "Response times" },
    h("div", { class: "plot" }, picture, labels),
    note,
  );
  let drawn = [];
  let from = null;
  let hovered = null;

  const binAt = (event) => {
    const box = picture.getBoundingClientRect();
    return Math.max(
      0,
      Math.min(drawn.length - 1, Math.floor(((event.clientX - box.left) / box.width) * drawn.length)),
    );
  };
  const stretch = (one, other) => [drawn[Math.min(one, other)].from, drawn[Math.max(one, other)].to];
  picture.addEventListener("pointerdown", (event) => {
    if (!drawn.length) return;
    from = binAt(event);
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener("pointermove", (event) => {
    if (!drawn.length) return;
    hovered = binAt(event);
    if (from !== null) mark(stretch(from, hovered));
    say();
  });
  picture.addEventListener("pointerleave", () => {
    hovered = null;
    say();
  });
  picture.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const chosen = stretch(from, binAt(event));
    from = null;
    onselect(current && chosen[0] === current[0] && chosen[1] === current[1] ? null : chosen);
  });

  let current = null;
  const mark = (range) =>
    picture
      .querySelectorAll("g")
      .forEach((bar, index) =>
        bar.classList.toggle(
          "out",
          Boolean(range) && !(drawn[index].from >= range[0] && drawn[index].to <= range[1]),
        ),
      );

  function say() {
    const bin = hovered === null ? null : drawn[hovered];
    if (bin) {
      const traces = `${bin.total.toLocaleString("en")} ${bin.total === 1 ? "trace" : "traces"}`;
      show(note, `${duration(bin.from)} – ${duration(bin.to)}: ${traces}`);
    } else if (current)
      show(
        note,
        `${duration(current[0])} – ${duration(current[1])} `,
        h("button", { type: "button", class: "quiet", onclick: () => onselect(null) }, "✕ show all"),
      );
    else show(note, drawn.length ? "Response times – drag to select" : "Response times");
  }

  // `told` are bins as the server counts them.
  function draw(told, range) {
    if (from !== null) return;
    current = range;
    drawn = bins(told);
    const most = Math.max(1, ...drawn.map((bin) => bin.total));
    const wide = WIDTH / Math.max(1, drawn.length);
    show(
      picture,
      drawn.map((bin, index) => {
        let top = BASE;
        const parts = STATUSES.filter((status) => bin[status]).map((status) => {
          const tall = Math.max(1.5, (bin[status] / most) * (BASE - 6));
          top -= tall;
          return svg("rect", {
            class: status,
            x: index * wide + 1,
            width: Math.max(1, wide - 2),
            y: top,
            height: tall,
          });
        });
        return svg(
          "g",
          { "data-bin": index },
          svg("rect", { class: "hit", x: index * wide, width: wide, y: 0, height: HEIGHT }),
          parts,
        );
      }),
      svg("line", { class: "base", x1: 0, x2: WIDTH, y1: BASE, y2: BASE }),
    );
    const every = Math.max(1, Math.ceil(drawn.length / 8));
    show(
      labels,
      drawn.map((bin, index) =>
        index % every || index / drawn.length > 0.93
          ? null
          : h("span", { style: { left: `${(index / drawn.length) * 100}%` } }, duration(bin.from)),
      ),
    );
    mark(range);
    say();
  }
  return { element, draw };
}
