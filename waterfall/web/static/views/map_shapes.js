// Where a layout's cells and routes lie in the picture, and what is drawn there.

import { svg } from "../dom.js";
import { layout } from "../pure/map_layout.js";

const WIDE = { layer: 172, row: 156 };
const TALL = { layer: 196, row: 168 };
const EDGE = 92;
const BELOW = 100; // what is written under a service
// An edge that passes a service stays clear of its words, which reach further down than its ring does up.
const LOWER = 14;
const RADIUS = 38;

// Lays layers from left to right, or when `narrow` from top to bottom.
function geometry(plan, narrow) {
  const pitch = narrow ? TALL : WIDE;
  const point = ({ layer, row }) =>
    narrow
      ? { x: EDGE + row * pitch.row, y: 56 + layer * pitch.layer }
      : { x: EDGE + layer * pitch.layer, y: 56 + row * pitch.row };
  const passing = (place, index, all) => {
    const { x, y } = point(place);
    return narrow || index === 0 || index === all.length - 1 ? { x, y } : { x, y: y + LOWER };
  };
  const routes = new Map(
    plan.routes.map((route) => [`${route.from} ${route.to}`, route.points.map(passing)]),
  );
  const [across, down] = narrow ? [plan.rows, plan.layers] : [plan.layers, plan.rows];
  return {
    narrow,
    width: 2 * EDGE + (across - 1) * (narrow ? pitch.row : pitch.layer),
    height: 56 + BELOW + 16 + (down - 1) * (narrow ? pitch.layer : pitch.row),
    at: (id) => point(plan.cells.get(id)),
    route: (from, to) => routes.get(`${from} ${to}`),
  };
}

// How much a shape is drawn larger than it is, to be seen as a whole.
export const scaleOf = ({ width, height }, wide, tall) => Math.min(wide / width, tall / height);

// Lays services out so that they are drawn as large as the room allows. Still higher layers are no better:
// more edges pass them, which takes room too.
export function largest(services, wide, tall, narrow) {
  const least = narrow ? 4 : Math.max(5, Math.ceil(Math.sqrt(services.length / 2)));
  return (narrow ? [0] : [0, 1])
    .map((by) => geometry(layout(services, least + by), narrow))
    .reduce((best, one) => (scaleOf(one, wide, tall) > scaleOf(best, wide, tall) ? one : best));
}

export function edgePath(edge, shape) {
  const points = ends(shape.route(edge.from, edge.target), shape.narrow);
  if (edge.from === edge.target) {
    const { x, y } = shape.at(edge.from);
    return `M${x - 16} ${y - 36}C${x - 44} ${y - 84} ${x + 44} ${y - 84} ${x + 16} ${y - 36}`;
  }
  return points.slice(1).reduce((path, waypoint, index) => {
    const [from, isLast] = [
      index ? leaving(points[index], points, shape) : points[0],
      index === points.length - 2,
    ];
    const { x, y } = isLast ? waypoint : entering(waypoint, points, shape);
    const [mx, my] = [(from.x + x) / 2, (from.y + y) / 2];
    const lead = index ? `L${from.x} ${from.y}` : "";
    return (
      path +
      lead +
      (shape.narrow ? `C${from.x} ${my} ${x} ${my} ${x} ${y}` : `C${mx} ${from.y} ${mx} ${y} ${x} ${y}`)
    );
  }, `M${points[0].x} ${points[0].y}`);
}

// An edge turns between the layers and runs straight through one, so that it passes no words.
const [BESIDE, ABOVE] = [60, 40];
function entering(point, points, shape) {
  const forwards = shape.narrow ? points.at(-1).y > points[0].y : points.at(-1).x > points[0].x;
  if (shape.narrow) return { x: point.x, y: point.y + (forwards ? -ABOVE : BELOW) };
  return { x: point.x + (forwards ? -BESIDE : BESIDE), y: point.y };
}
function leaving(point, points, shape) {
  return entering(point, [...points].reverse(), shape);
}

// Moves a route's first and last point from the middle of a service to its rim, or its words' rim.
function ends(points, narrow) {
  const moved = points.map((point) => ({ ...point }));
  const [first, last] = [moved[0], moved.at(-1)];
  if (narrow) {
    const down = Math.sign(last.y - first.y) || 1;
    first.y += down > 0 ? BELOW : -RADIUS;
    last.y -= down > 0 ? RADIUS + 2 : -BELOW;
  } else {
    const right = Math.sign(last.x - first.x) || 1;
    first.x += right * RADIUS;
    last.x -= right * (RADIUS + 2);
  }
  return moved;
}

const APART = 16;

// Returns a place for each edge's words: in its last gap between layers, none on top of another.
export function labelPlaces(edges, shape) {
  const places = edges.map((edge) => {
    const points = ends(shape.route(edge.from, edge.target), shape.narrow);
    const [before, b] = points.slice(-2);
    const a = points.length > 2 ? leaving(before, points, shape) : before;
    const bent = edge.from === edge.target ? { x: 0, y: -72 } : { x: 0, y: -6 };
    // what comes from below reaches the words of its target half-way
    const [across, along] = points.length > 2 && !shape.narrow ? [0.34, 0.22] : [0.5, 0.5];
    return { x: a.x + ((b ?? a).x - a.x) * across + bent.x, y: a.y + ((b ?? a).y - a.y) * along + bent.y };
  });
  const order = [...places.keys()].sort((i, j) => places[i].y - places[j].y);
  for (const [rank, index] of order.entries()) {
    const own = places[index];
    for (const other of order.slice(0, rank).map((before) => places[before]))
      if (Math.abs(own.x - other.x) < 60 && own.y - other.y < APART) own.y = Math.max(own.y, other.y + APART);
  }
  return places;
}

// The ring around a service: shares of ok, errors, throttles and faults.
export function ring(service, radius) {
  const around = 2 * Math.PI * radius;
  const parts = [
    ["ok", service.ok],
    ["error", service.errors],
    ["throttle", service.throttles],
    ["fault", service.faults],
  ];
  const total = parts.reduce((sum, [, number]) => sum + number, 0);
  if (!total) return svg("circle", { r: radius, class: "ring none" });
  let before = 0;
  return parts
    .filter(([, number]) => number)
    .map(([tone, number]) => {
      const length = (number / total) * around;
      const arc = svg("circle", {
        r: radius,
        class: `ring ${tone}`,
        "stroke-dasharray": `${length} ${around - length}`,
        "stroke-dashoffset": -before,
        transform: "rotate(-90)",
      });
      before += length;
      return arc;
    });
}

// The sign of a service that met injected faults.
export function bolt() {
  return svg(
    "g",
    { class: "bolt", transform: "translate(25 -25)" },
    svg("circle", { r: 11 }),
    svg("path", { d: "M1.500-7-5 1.500h4L-2 7 5-1.500H1z" }),
  );
}

// What the markers of edges are drawn from, one for each tone.
export const arrowHeads = () =>
  svg(
    "defs",
    {},
    ["plain", "fault", "error", "throttle"].map((tone) =>
      svg(
        "marker",
        {
          id: `arrow-${tone}`,
          class: `arrow ${tone}`,
          viewBox: "0 0 8 8",
          refX: 7,
          refY: 4,
          markerWidth: 8,
          markerHeight: 8,
          markerUnits: "userSpaceOnUse",
          orient: "auto",
        },
        svg("path", { d: "M0 0.500 8 4 0 7.500z" }),
      ),
    ),
  );
