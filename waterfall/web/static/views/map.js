// What calls what, how often, how fast, and how it went.

import { read } from "../api.js";
import { h, link, show, svg } from "../dom.js";
import { drawing, kindOf } from "../icons.js";
import { polling } from "../live.js";
import { emptyBox, problemBox, timeChoice } from "../parts.js";
import { cut, duration, rate, shortType, count } from "../pure/format.js";
import { combined } from "../pure/combine.js";
import { lines } from "../pure/lines.js";
import { layout } from "../pure/map_layout.js";
import { addressOf, remember, timeAsked } from "../state.js";
import { bolt, edgePath, geometry, labelPlaces, ring } from "./map_shapes.js";

const LONGEST = 6 * 3600;
const NARROW = 640;

export function mapView(main, { query, pace }) {
  const traceId = query.get("trace");
  main.className = "map";
  const state = {
    text: "",
    all: [],
    services: [],
    view: null,
    moved: false,
    split: query.get("lambda") === "split",
  };
  const split = h("input", {
    type: "checkbox",
    onchange: () => {
      state.split = split.checked;
      remember({ lambda: state.split ? "split" : null });
      arrived(state.all, state.text);
    },
  });
  split.checked = state.split;
  const problem = h("div", { class: "slot" });
  const stage = svg("g", {});
  const picture = svg("svg", { class: "picture", role: "group", "aria-label": "Service map" }, stage);
  const zoom = h(
    "div",
    { class: "zoom" },
    [
      ["+", 1.25, "Zoom in (+)"],
      ["−", 0.8, "Zoom out (−)"],
    ].map(([sign, factor, title]) =>
      h("button", { type: "button", title, "aria-label": title, onclick: () => zoomBy(factor) }, sign),
    ),
    h("button", { type: "button", title: "Fit (0)", "aria-label": "Fit", onclick: fit }, "⤢"),
  );
  const empty = h("div", { class: "slot" });
  const tones = [
    ["ok", "OK"],
    ["error", "Error 4xx"],
    ["throttle", "Throttle 429"],
    ["fault", "Fault 5xx"],
    ["dashed", "message picked up later"],
    ["bolt", "injected fault"],
  ];
  const legend = h(
    "div",
    { class: "legend" },
    tones.map(([tone, text]) => h("span", {}, h("i", { class: tone }), text)),
  );
  const canvas = h("section", { class: "canvas panel" }, picture, empty, zoom, legend);
  show(
    main,
    h(
      "div",
      { class: "bar" },
      traceId
        ? h(
            "span",
            { class: "scope" },
            "Of one trace: ",
            link(`/trace/${traceId}`, { class: "mono" }, cut(traceId, 60)),
            " ",
            link("/map", { class: "button" }, "All traces"),
          )
        : timeChoice(query, LONGEST, (changes) => {
            remember(changes, { push: true });
            poll.now();
          }),
      h(
        "label",
        {
          class: "check",
          title: "Lambda records each invocation twice: as the service, and as the function",
        },
        split,
        "Lambda service and function apart",
      ),
    ),
    problem,
    canvas,
  );

  const poll = polling(
    async (signal) => {
      try {
        const answer = await read(
          "map",
          traceId ? { trace: traceId } : timeAsked(new URLSearchParams(location.search), LONGEST),
          signal,
        );
        show(problem);
        const text = JSON.stringify(answer.services);
        if (text !== state.text) arrived(answer.services, text);
      } catch (failure) {
        if (failure.name === "AbortError") throw failure;
        show(problem, problemBox(failure.message));
      }
    },
    Math.max(3, pace),
  );
  poll.now();

  function arrived(all, text) {
    const services = state.split ? all : combined(all);
    const sameShape = shapeOf(services) === shapeOf(state.services);
    Object.assign(state, { text, all, services });
    draw();
    if (!sameShape && !state.moved) fit();
  }

  const shapeOf = (services) =>
    JSON.stringify(services.map((service) => [service.id, service.edges.map((edge) => edge.target)]));

  function draw() {
    show(
      empty,
      state.services.length
        ? null
        : emptyBox("No services yet", "Send a request, or look further back in time."),
    );
    const focused = document.activeElement?.getAttribute?.("data-service");
    const shape = geometry(layout(state.services, mostInLayer()), canvas.clientWidth < NARROW);
    state.shape = shape;
    const edges = state.services
      .flatMap((service) => service.edges.map((edge) => ({ ...edge, from: service.id })))
      .filter((edge) => shape.route(edge.from, edge.target));
    const places = labelPlaces(edges, shape);
    show(
      stage,
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
      ),
      edges.map((edge) => edgeLine(edge, shape)),
      edges.map((edge, index) => edgeLabel(edge, places[index])),
      state.services.map((service) => node(service, shape.at(service.id))),
    );
    if (focused) stage.querySelector(`[data-service="${CSS.escape(focused)}"]`)?.focus();
  }

  const mostInLayer = () =>
    canvas.clientWidth < NARROW ? 4 : Math.max(5, Math.ceil(Math.sqrt(state.services.length / 2)));

  function edgeLine(edge, shape) {
    const tone = edge.faults ? "fault" : edge.throttles ? "throttle" : edge.errors ? "error" : "plain";
    return svg(
      "path",
      {
        class: `edge ${tone} ${edge.link ? "link" : ""}`,
        d: edgePath(edge, shape),
        "stroke-width": 1.4 + Math.min(2.5, Math.log10(1 + edge.calls)),
        "marker-end": `url(#arrow-${tone})`,
      },
      svg("title", {}, edgeWords(edge)),
    );
  }

  const edgeWords = (edge) =>
    edge.calls
      ? [
          `${edge.calls} calls, mean ${duration(edge.mean)}, 95 % ${duration(edge.p95)}`,
          `${edge.faults} faults, ${edge.errors} errors, ${edge.throttles} throttles`,
        ].join(", ")
      : "messages, picked up later";

  function edgeLabel(edge, place) {
    if (!edge.calls) return null;
    return svg(
      "text",
      { class: "edgelabel", x: place.x, y: place.y, "text-anchor": "middle" },
      duration(edge.mean),
      svg("title", {}, edgeWords(edge)),
    );
  }

  function node(service, { x, y }) {
    const type = service.type === "client" ? "Client" : shortType(service.type ?? "");
    const figures = service.calls ? [rate(service.per_minute), duration(service.mean)].filter(Boolean) : [];
    if (traceId && service.calls)
      figures.splice(0, 1, `${count(service.calls)} ${service.calls === 1 ? "call" : "calls"}`);
    const name = lines(lastPart(service.name), 18);
    const below = 53 + 15 * name.length;
    return svg(
      "a",
      {
        href: tracesOf(service),
        "data-inside": "",
        "data-service": service.id,
        class: "service",
        transform: `translate(${x} ${y})`,
        "aria-label": words(service),
      },
      svg("title", {}, words(service)),
      svg("circle", { r: 33, class: "face" }),
      ring(service, 33),
      drawing(kindOf(service.type), 0, 0, 28),
      service.injected ? bolt() : null,
      name.map((line, index) =>
        svg("text", { class: "label", y: 53 + 15 * index, "text-anchor": "middle" }, line),
      ),
      svg("text", { class: "type", y: below, "text-anchor": "middle" }, lines(type, 26)[0]),
      svg("text", { class: "figures", y: below + 15, "text-anchor": "middle" }, figures.join(" · ")),
    );
  }

  function words(service) {
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

  function tracesOf(service) {
    if (traceId) return `/trace/${traceId}`;
    const time = timeOf();
    if (service.type === "client") return addressOf("/traces", time);
    const escaped = (text) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    const type = service.type ? `, type: "${escaped(service.type)}"` : "";
    return addressOf("/traces", { filter: `service(id(name: "${escaped(service.name)}"${type}))`, ...time });
  }

  function timeOf() {
    const now = new URLSearchParams(location.search);
    return Object.fromEntries(["since", "start", "end"].map((key) => [key, now.get(key)]));
  }

  function apply() {
    const { x, y, scale } = state.view;
    stage.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  }

  function fit() {
    if (!state.shape) return;
    const [wide, tall] = [canvas.clientWidth, canvas.clientHeight - legend.offsetHeight - 12];
    const whole = Math.min(wide / state.shape.width, tall / state.shape.height);
    const scale = Math.max(
      0.42,
      Math.min(1.15, Math.max(whole, state.shape.narrow ? Math.min(0.72, wide / state.shape.width) : 0)),
    );
    const left = (wide - state.shape.width * scale) / 2;
    const top = (tall - state.shape.height * scale) / 2;
    state.view = { scale, x: Math.max(left, 0), y: Math.max(top, 0) };
    state.moved = false;
    apply();
  }

  function zoomBy(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    const { view } = state;
    if (!view) return;
    const scale = Math.max(0.15, Math.min(3, view.scale * factor));
    const real = scale / view.scale;
    state.view = { scale, x: x - (x - view.x) * real, y: y - (y - view.y) * real };
    state.moved = true;
    apply();
  }

  picture.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const box = picture.getBoundingClientRect();
      zoomBy(Math.exp(-event.deltaY * 0.0015), event.clientX - box.left, event.clientY - box.top);
    },
    { passive: false },
  );

  let drag = null;
  picture.addEventListener("pointerdown", (event) => {
    if (!event.button && state.view)
      drag = { x: event.clientX, y: event.clientY, view: state.view, far: false };
  });
  picture.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.far && Math.hypot(dx, dy) < 5) return;
    if (!drag.far) picture.setPointerCapture(event.pointerId);
    drag.far = state.moved = true;
    state.view = { ...drag.view, x: drag.view.x + dx, y: drag.view.y + dy };
    apply();
  });
  picture.addEventListener("pointerup", () => {
    drag = drag?.far ? { done: true } : null;
    setTimeout(() => {
      drag = null;
    });
  });
  picture.addEventListener(
    "click",
    (event) => {
      if (drag?.done) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    true,
  );
  picture.addEventListener("dragstart", (event) => event.preventDefault());
  const resized = new ResizeObserver(() => {
    if (state.services.length) {
      draw();
      if (!state.moved) fit();
    }
  });
  resized.observe(canvas);

  function move(step) {
    const services = [...stage.querySelectorAll("a.service")];
    const at = services.indexOf(document.activeElement);
    services[Math.max(0, Math.min(services.length - 1, at + step))]?.focus();
  }
  const keys = {
    ArrowDown: () => move(1),
    ArrowRight: () => move(1),
    ArrowUp: () => move(-1),
    ArrowLeft: () => move(-1),
    "+": () => zoomBy(1.25),
    "=": () => zoomBy(1.25),
    "-": () => zoomBy(0.8),
    0: fit,
  };
  return {
    close() {
      poll.stop();
      resized.disconnect();
    },
    key: (event) => {
      const act = keys[event.key];
      act?.();
      return Boolean(act);
    },
  };
}

// The part of a long name that people know it by: of a queue's URL, its last part.
const lastPart = (name) => (name.includes("://") ? name.slice(name.lastIndexOf("/") + 1) || name : name);
