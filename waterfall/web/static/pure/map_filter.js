// Which services of a map are shown: by name or type, those with errors, one and what is next to it.

// `text` is found in name or type whatever its case; `around` is the id of a service. Calls are shown where
// both ends are.
export function filtered(services, { text = "", failing = false, around = null }) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const near = around === null ? null : neighbours(services, around);
  const kept = services.filter(
    (service) =>
      (!near || near.has(service.id)) &&
      (!failing || hasFailed(service)) &&
      words.every((word) => `${service.name} ${service.type ?? ""}`.toLowerCase().includes(word)),
  );
  const ids = new Set(kept.map(({ id }) => id));
  return kept.map((service) => ({
    ...service,
    edges: service.edges.filter(({ target }) => ids.has(target)),
  }));
}

export const hasFailed = (item) => item.faults + item.errors + item.throttles > 0;

// The service, what calls it and what it calls; itself alone when it is on no map.
function neighbours(services, id) {
  const found = new Set([id]);
  for (const service of services)
    for (const { target } of service.edges) {
      if (service.id === id) found.add(target);
      if (target === id) found.add(service.id);
    }
  return found;
}
