// What calls what, how often, how fast, and how it went.

import { read } from "../api.js";
import { h, link, show, svg } from "../dom.js";
import { drawing, kindOf } from "../icons.js";
import { polling } from "../live.js";
import { emptyBox, loadingBox, problemBox, timeChoice } from "../parts.js";
import { cut, duration, rate, shortType, count } from "../pure/format.js";
import { combined } from "../pure/combine.js";
import { lines } from "../pure/lines.js";
import { edgeWords, lastPart, serviceWords } from "../pure/map_words.js";
import { addressOf, remember, timeAsked } from "../state.js";
import { mapChoice } from "./map_choice.js";
import { arrowHeads, bolt, edgePath, labelPlaces, largest, ring, scaleOf } from "./map_shapes.js";

const LONGEST = 6 * 3600;
const NARROW = 640;
const LEAST = 0.38; // a scale at which names are still read
const FAR = 0.68; // a scale at which only names can be read, and larger ones

export function mapView(main, { query, pace }) {
  const traceId = query.get("trace");
  main.className = "map";
  const state = {
    text: "",
    all: [],
    services: [],
    view: null,
    moved: false,
    far: false,
    split: query.get("lambda") === "split",
    answered: false,
  };
  let planned = { key: null, shape: null };
  const choice = mapChoice(query, () => state.answered && arrange({ anew: true }));
  const split = h("input", {
    type: "checkbox",
    onchange: () => {
      state.split = split.checked;
      remember({ lambda: state.split ? "split" : null });
      arrange({ anew: true });
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
  const waiting = loadingBox("Loading the map …");
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
  const canvas = h("section", { class: "canvas panel" }, picture, empty, waiting, zoom, legend);
  show(
    main,
    h("h1", { class: "unseen" }, "Service map"),
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
      choice.selects,
      h(
        "label",
        {
          class: "check",
          title: "Lambda records each invocation twice: as the service, and as the function",
        },
        split,
        "Lambda service and function apart",
      ),
      choice.switches,
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
        waiting.remove();
        const text = JSON.stringify(answer.services);
        if (text === state.text && state.answered) return;
        Object.assign(state, { text, all: answer.services, answered: true });
        arrange({ anew: false });
      } catch (failure) {
        if (failure.name === "AbortError") throw failure;
        waiting.remove();
        show(
          problem,
          problemBox(failure.message, () => poll.now()),
        );
      }
    },
    Math.max(3, pace),
  );
  poll.now();

  // Draws what is chosen of what was told. Another choice is another picture, which must fit.
  function arrange({ anew }) {
    const services = choice.of(state.split ? state.all : combined(state.all));
    const sameShape = shapeOf(services) === shapeOf(state.services);
    state.services = services;
    draw();
    if (!sameShape && (anew || !state.moved)) fit();
  }

  const shapeOf = (services) =>
    JSON.stringify(services.map((service) => [service.id, service.edges.map((edge) => edge.target)]));

  function draw() {
    show(
      empty,
      state.services.length
        ? null
        : state.all.length
          ? emptyBox("No service is like that", "Take something out of the filter.", choice.reset())
          : emptyBox("No services yet", "Send a request, or look further back in time."),
    );
    const focused = document.activeElement?.getAttribute?.("data-service");
    stage.classList.toggle("far", state.far);
    const shape = shaped();
    state.shape = shape;
    const edges = state.services
      .flatMap((service) => service.edges.map((edge) => ({ ...edge, from: service.id })))
      .filter((edge) => shape.route(edge.from, edge.target));
    const places = labelPlaces(edges, shape);
    show(
      stage,
      arrowHeads(),
      edges.map((edge) => edgeLine(edge, shape)),
      edges.map((edge, index) => edgeLabel(edge, places[index])),
      state.services.map((service) => node(service, shape.at(service.id))),
    );
    if (focused) stage.querySelector(`[data-service="${CSS.escape(focused)}"]`)?.focus();
  }

  // Kept until something else is drawn, or elsewhere: it takes longer than all the rest.
  function shaped() {
    const [wide, tall] = within();
    const key = JSON.stringify([shapeOf(state.services), wide, tall]);
    if (planned.key !== key) planned = { key, shape: largest(state.services, wide, tall, wide < NARROW) };
    return planned.shape;
  }

  const within = () => [canvas.clientWidth, canvas.clientHeight - legend.offsetHeight - 12];

  function edgeLine(edge, shape) {
    const tone = edge.faults ? "fault" : edge.throttles ? "throttle" : edge.errors ? "error" : "plain";
    return svg(
      "path",
      {
        class: `edge ${tone} ${edge.link ? "link" : ""}`,
        "data-from": edge.from,
        "data-to": edge.target,
        d: edgePath(edge, shape),
        "stroke-width": 1.4 + Math.min(2.5, Math.log10(1 + edge.calls)),
        "marker-end": `url(#arrow-${tone})`,
      },
      svg("title", {}, edgeWords(edge)),
    );
  }

  function edgeLabel(edge, place) {
    if (!edge.calls || state.far) return null;
    return svg(
      "text",
      {
        class: "edgelabel",
        "data-from": edge.from,
        "data-to": edge.target,
        x: place.x,
        y: place.y,
        "text-anchor": "middle",
      },
      duration(edge.mean),
      svg("title", {}, edgeWords(edge)),
    );
  }

  function node(service, { x, y }) {
    const type = service.type === "client" ? "Client" : shortType(service.type ?? "");
    const figures = service.calls ? [rate(service.per_minute), duration(service.mean)].filter(Boolean) : [];
    if (traceId && service.calls)
      figures.splice(0, 1, `${count(service.calls)} ${service.calls === 1 ? "call" : "calls"}`);
    const [room, line] = state.far ? [11, 22] : [18, 15];
    const name = lines(lastPart(service.name), room);
    const [first, below] = [state.far ? 60 : 53, 53 + 15 * name.length];
    return svg(
      "a",
      {
        href: tracesOf(service),
        "data-inside": "",
        "data-service": service.id,
        class: "service",
        transform: `translate(${x} ${y})`,
        "aria-label": serviceWords(service),
      },
      svg("title", {}, serviceWords(service)),
      svg("circle", { r: 33, class: "face" }),
      ring(service, 33),
      drawing(kindOf(service.type), 0, 0, 28),
      service.injected ? bolt() : null,
      name.map((text, index) =>
        svg("text", { class: "label", y: first + line * index, "text-anchor": "middle" }, text),
      ),
      state.far
        ? null
        : [
            svg("text", { class: "type", y: below, "text-anchor": "middle" }, lines(type, 26)[0]),
            svg("text", { class: "figures", y: below + 15, "text-anchor": "middle" }, figures.join(" · ")),
          ],
    );
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
    const far = scale < FAR;
    if (far === state.far) return;
    state.far = far;
    draw();
  }

  // The calls of the service that is looked at stand out.
  function point(id) {
    stage.classList.toggle("pointing", id !== null);
    for (const edge of stage.querySelectorAll(".edge, .edgelabel"))
      edge.classList.toggle("near", edge.dataset.from === id || edge.dataset.to === id);
  }
  for (const kind of ["pointerover", "focusin"])
    picture.addEventListener(kind, (event) =>
      point(event.target.closest("a.service")?.dataset.service ?? null),
    );
  for (const kind of ["pointerleave", "focusout"]) picture.addEventListener(kind, () => point(null));

  function fit() {
    if (!state.shape) return;
    const [wide, tall] = within();
    const whole = scaleOf(state.shape, wide, tall);
    const scale = Math.max(
      LEAST,
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
    "/": choice.focus,
    n: () => {
      const id = document.activeElement.dataset?.service;
      const service = state.services.find((one) => String(one.id) === id);
      if (service) choice.around(service);
    },
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
