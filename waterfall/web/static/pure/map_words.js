// What a service and a call of the map tell in words.

import { cut, duration, rate } from "./format.js";

export function serviceWords(service) {
  const share = (number) => (service.calls ? ` (${((number / service.calls) * 100).toFixed(0)} %)` : "");
  const shared = (kind) => `${service[kind]} ${kind}${share(service[kind])}`;
  return [
    `${cut(service.name, 500)}${service.type ? ` – ${service.type}` : ""}`,
    ...(service.injected ? ["met injected faults"] : []),
    `${service.calls} calls, ${rate(service.per_minute)}`,
    `mean ${duration(service.mean)}, median ${duration(service.p50)}, 95 % ${duration(service.p95)}`,
    [`${service.ok} ok`, ...["errors", "throttles", "faults"].map(shared)].join(", "),
  ].join("\n");
}

export const edgeWords = (edge) =>
  edge.calls
    ? [
        `${edge.calls} calls, mean ${duration(edge.mean)}, 95 % ${duration(edge.p95)}`,
        `${edge.faults} faults, ${edge.errors} errors, ${edge.throttles} throttles`,
      ].join(", ")
    : "messages, picked up later";

// The part of a long name that people know it by: of a queue's URL, its last part.
export const lastPart = (name) =>
  name.includes("://") ? name.slice(name.lastIndexOf("/") + 1) || name : name;
