// A layered layout: callers before what they call, every service in a cell of its own, edges around cells.
// https://en.wikipedia.org/wiki/Layered_graph_drawing

// Takes `[{id, edges: [{target}]}]` and how many services a layer should hold at most; returns
// `{layers, rows, cells: id -> {layer, row}, routes}`; a route is `{from, to, points: [{layer, row}]}`
// through the free cells between the two.
export function layout(services, most = Infinity) {
  const known = new Map(services.map((service) => [service.id, service]));
  const edges = services.flatMap((service) =>
    service.edges
      .filter((edge) => known.has(edge.target))
      .map((edge) => ({ from: service.id, to: edge.target })),
  );
  const forward = withoutCycles([...known.keys()], edges);
  const layerOf = beforeTheirTargets(
    notTooWide(longestPaths([...known.keys()], forward), forward, most),
    forward,
  );
  const { columns, chains } = withWaypoints(layerOf, forward);
  untangle(columns, chains);
  const rowOf = spread(columns, chains);
  const cells = new Map([...known.keys()].map((id) => [id, { layer: layerOf.get(id), row: rowOf.get(id) }]));
  const routes = edges.map(({ from, to }) => ({ from, to, points: route(from, to, chains, layerOf, rowOf) }));
  const rows = [...rowOf.values()];
  return {
    layers: columns.length,
    rows: rows.length ? Math.max(...rows) - Math.min(...rows) + 1 : 0,
    cells,
    routes,
  };
}

// Turns round the edges that close a cycle; an edge from a service to itself goes.
function withoutCycles(ids, edges) {
  const targets = new Map(ids.map((id) => [id, []]));
  for (const edge of edges) if (edge.from !== edge.to) targets.get(edge.from).push(edge.to);
  const called = new Set(edges.filter((edge) => edge.from !== edge.to).map((edge) => edge.to));
  const state = new Map();
  const kept = [];
  for (const start of [...ids.filter((id) => !called.has(id)), ...ids]) {
    if (state.has(start)) continue;
    const pending = [{ id: start, next: 0 }];
    state.set(start, "open");
    while (pending.length) {
      const step = pending.at(-1);
      const target = targets.get(step.id)[step.next];
      step.next += 1;
      if (target === undefined) state.set(pending.pop().id, "done");
      else if (state.get(target) === "open") kept.push({ from: target, to: step.id, turned: true });
      else {
        kept.push({ from: step.id, to: target, turned: false });
        if (!state.has(target)) {
          state.set(target, "open");
          pending.push({ id: target, next: 0 });
        }
      }
    }
  }
  return kept;
}

function longestPaths(ids, edges) {
  return pushTargets(new Map(ids.map((id) => [id, 0])), edges);
}

function pushTargets(layerOf, edges) {
  for (let round = 0, moved = true; moved && round <= layerOf.size; round += 1) {
    moved = false;
    for (const { from, to } of edges) {
      if (layerOf.get(to) <= layerOf.get(from)) {
        layerOf.set(to, layerOf.get(from) + 1);
        moved = true;
      }
    }
  }
  return layerOf;
}

// Moves what is too much for a layer into later ones: first those that call nobody.
function notTooWide(layerOf, edges, most) {
  const calls = new Set(edges.map((edge) => edge.from));
  for (let layer = 0; layer <= Math.max(-1, ...layerOf.values()); layer += 1) {
    const members = [...layerOf.keys()].filter((id) => layerOf.get(id) === layer);
    const order = [...members.filter((id) => calls.has(id)), ...members.filter((id) => !calls.has(id))];
    for (const id of order.slice(most)) layerOf.set(id, layer + 1);
    if (order.length > most) pushTargets(layerOf, edges);
  }
  return layerOf;
}

// Moves services that nobody calls right before the first that they call.
function beforeTheirTargets(layerOf, edges) {
  const called = new Set(edges.map((edge) => edge.to));
  for (const id of layerOf.keys()) {
    const targets = edges.filter((edge) => edge.from === id).map((edge) => layerOf.get(edge.to));
    if (!called.has(id) && targets.length) layerOf.set(id, Math.min(...targets) - 1);
  }
  return layerOf;
}

// Puts a waypoint into each layer that an edge crosses, so that no edge runs over a service. The edges of
// one caller share theirs.
const WAYPOINT = "by";
const isWaypoint = (id) => typeof id === "string" && id.startsWith(`${WAYPOINT} `);
const sizeOf = (id) => (isWaypoint(id) ? 0.3 : 1);

function withWaypoints(layerOf, edges) {
  const columns = Array.from({ length: Math.max(-1, ...layerOf.values()) + 1 }, () => []);
  for (const [id, layer] of layerOf) columns[layer].push(id);
  const chains = edges.map((edge) => {
    const chain = [edge.from];
    for (let layer = layerOf.get(edge.from) + 1; layer < layerOf.get(edge.to); layer += 1) {
      const waypoint = `${WAYPOINT} ${edge.from} @ ${layer}`;
      if (!columns[layer].includes(waypoint)) columns[layer].push(waypoint);
      chain.push(waypoint);
    }
    return { ...edge, chain: [...chain, edge.to] };
  });
  return { columns, chains };
}

const SWEEPS = 24;

// Orders each layer by the mean place of its neighbours, back and forth, and keeps the order with the
// fewest crossings.
function untangle(columns, chains) {
  const links = chains.flatMap(({ chain }) => chain.slice(1).map((id, index) => [chain[index], id]));
  const before = grouped(links.map(([from, to]) => [to, from]));
  const after = grouped(links);
  let best = columns.map((column) => [...column]);
  let fewest = crossings(best, after);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    const rightwards = sweep % 2 === 0;
    const order = rightwards ? columns.keys() : [...columns.keys()].reverse();
    for (const index of order) {
      const beside = columns[index + (rightwards ? -1 : 1)];
      if (!beside) continue;
      const places = new Map(beside.map((id, place) => [id, place]));
      const neighbours = rightwards ? before : after;
      const own = new Map(
        columns[index].map((id, place) => [
          id,
          mean((neighbours.get(id) ?? []).map((other) => places.get(other))) ?? place,
        ]),
      );
      columns[index].sort((a, b) => own.get(a) - own.get(b));
    }
    const found = crossings(columns, after);
    if (found < fewest) [fewest, best] = [found, columns.map((column) => [...column])];
  }
  best.forEach((column, index) => columns[index].splice(0, columns[index].length, ...column));
}

const grouped = (pairs) => {
  const groups = new Map();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
};
const mean = (numbers) =>
  numbers.length ? numbers.reduce((sum, number) => sum + number, 0) / numbers.length : null;

export function crossings(columns, after) {
  let found = 0;
  for (let index = 0; index + 1 < columns.length; index += 1) {
    const places = new Map(columns[index + 1].map((id, place) => [id, place]));
    const ends = columns[index].map((id) => (after.get(id) ?? []).map((target) => places.get(target)));
    for (let upper = 0; upper < ends.length; upper += 1)
      for (let lower = upper + 1; lower < ends.length; lower += 1)
        for (const a of ends[upper]) for (const b of ends[lower]) found += a > b ? 1 : 0;
  }
  return found;
}

// Gives each cell a row: near its neighbours, in the layer's order, at least one row from the next.
function spread(columns, chains) {
  const links = chains.flatMap(({ chain }) => chain.slice(1).map((id, index) => [chain[index], id]));
  const [after, before] = [grouped(links), grouped(links.map(([from, to]) => [to, from]))];
  const tallest = Math.max(0, ...columns.map(heightOf));
  const rowOf = new Map();
  for (const column of columns) {
    const middle = new Map(column.map((id) => [id, tallest / 2]));
    keepApart(column, middle, rowOf, tallest);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    // the last sweep goes from callers to called, so that a chain of single calls is a straight line
    const rightwards = sweep % 2 === 1;
    const neighbours = rightwards ? before : after;
    for (const column of rightwards ? columns : [...columns].reverse()) {
      const wanted = new Map(
        column.map((id) => [
          id,
          mean((neighbours.get(id) ?? []).map((other) => rowOf.get(other))) ?? rowOf.get(id),
        ]),
      );
      keepApart(column, wanted, rowOf, tallest);
    }
  }
  const top = Math.min(...rowOf.values());
  for (const [id, row] of rowOf) rowOf.set(id, row - top);
  return rowOf;
}

const heightOf = (column) => column.reduce((sum, id) => sum + sizeOf(id), 0);

// Moves a layer's cells as little as needed until none touches the next and none lies outside the picture:
// those that collide form a block, which lies where its cells want it to be on average.
function keepApart(column, wanted, rowOf, tallest) {
  const blocks = [];
  for (const id of column) {
    let block = { ids: [id], size: sizeOf(id), sum: wanted.get(id) - sizeOf(id) / 2 };
    while (blocks.length && topOf(blocks.at(-1)) + blocks.at(-1).size > topOf(block)) {
      const last = blocks.pop();
      block = {
        ids: [...last.ids, ...block.ids],
        size: last.size + block.size,
        sum: last.sum + block.sum - last.size * block.ids.length,
      };
    }
    blocks.push(block);
  }
  let [reached, left] = [0, heightOf(column)];
  for (const block of blocks) {
    let top = Math.max(reached, Math.min(topOf(block), tallest - left));
    left -= block.size;
    reached = top + block.size;
    for (const id of block.ids) {
      rowOf.set(id, top + sizeOf(id) / 2);
      top += sizeOf(id);
    }
  }
}
const topOf = (block) => block.sum / block.ids.length;

function route(from, to, chains, layerOf, rowOf) {
  const straight = chains.find((chain) => !chain.turned && chain.from === from && chain.to === to);
  const turned = straight
    ? null
    : chains.find((chain) => chain.turned && chain.from === to && chain.to === from);
  const chain = straight?.chain ?? (turned ? [...turned.chain].reverse() : [from, to]);
  const first = layerOf.get(from);
  const step = Math.sign(layerOf.get(to) - first);
  return chain.map((id, index) => ({ layer: first + step * index, row: rowOf.get(id) }));
}
