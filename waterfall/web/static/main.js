// The frame around every view: navigation, theme, help, keys, and which view an address shows.

import { read } from "./api.js";
import { h, link, show, svg } from "./dom.js";
import { experimentStrip } from "./experiments.js";
import { toggleHelp } from "./help.js";
import { query } from "./state.js";
import { compareView } from "./views/compare.js";
import { faultsView } from "./views/faults.js";
import { mapView } from "./views/map.js";
import { traceView } from "./views/trace.js";
import { tracesView } from "./views/traces.js";
import { whyView } from "./views/why.js";

const VIEWS = [
  [/^\/(traces)?$/, tracesView, "Traces"],
  [/^\/map$/, mapView, "Service map"],
  [/^\/compare$/, compareView, "Compare"],
  [/^\/faults$/, faultsView, "Faults"],
  [/^\/why$/, whyView, "Why no trace?"],
  [/^\/trace\/([^/]+)$/, traceView, "Trace"],
];
const TABS = [
  ["/traces", "Traces"],
  ["/map", [h("span", { class: "wide" }, "Service map"), h("span", { class: "slim" }, "Map")]],
  ["/compare", "Compare"],
  ["/faults", "Faults"],
  ["/why", ["Why", h("span", { class: "wide" }, " no trace"), "?"]],
];

const context = { pace: 2, source: null };
const main = h("main", { id: "view" });
let current = null;

function logo() {
  return svg(
    "svg",
    { viewBox: "0 0 32 32", class: "logo", "aria-hidden": "true" },
    svg("rect", { width: 32, height: 32, rx: 7 }),
    svg("path", { d: "M6 9h20M11 16h12M16 23h8" }),
  );
}

const sourceLabel = h("span", { class: "source", title: "what is read" });
const navigation = h(
  "nav",
  { "aria-label": "Views" },
  TABS.map(([path, name]) => link(path, {}, name)),
);
document.body.append(
  h(
    "header",
    { class: "top" },
    link("/traces", { class: "home", title: "waterfall" }, logo(), h("span", {}, "waterfall")),
    navigation,
    sourceLabel,
    h(
      "button",
      {
        type: "button",
        class: "quiet theme",
        title: "Light or dark (d)",
        "aria-label": "Light or dark",
        onclick: switchTheme,
      },
      svg(
        "svg",
        { viewBox: "0 0 24 24", class: "icon" },
        svg("path", { d: "M20 14.500A8.500 8.500 0 1 1 9.500 4a7 7 0 0 0 10.500 10.500z" }),
      ),
    ),
    h(
      "button",
      { type: "button", class: "quiet", title: "Keys (?)", "aria-label": "Keys", onclick: toggleHelp },
      "?",
    ),
  ),
  experimentStrip({ pace: () => context.pace, idle: () => 2 * context.pace }),
  main,
);

export function go(address) {
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  open();
}

function open() {
  current?.close();
  const found = VIEWS.map(([pattern, view, title]) => ({
    match: pattern.exec(location.pathname),
    view,
    title,
  })).find(({ match }) => match);
  const { match, view, title } = found ?? { match: [], view: tracesView, title: "Traces" };
  document.title = `${title} · waterfall`;
  for (const tab of navigation.children) {
    const here =
      tab.getAttribute("href") === location.pathname ||
      (tab.getAttribute("href") === "/traces" && view === tracesView);
    if (here) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  show(main);
  main.className = "";
  current = view(main, {
    ...context,
    go,
    source: () => context.source,
    query: query(),
    id: match[1] ? decodeURIComponent(match[1]) : null,
  });
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

document.addEventListener("click", (event) => {
  const inside = event.target.closest?.("[data-inside]");
  if (!inside || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey)
    return;
  event.preventDefault();
  go(inside.getAttribute("href"));
});
addEventListener("popstate", open);

const KEYS = {
  "?": toggleHelp,
  d: switchTheme,
  t: () => go("/traces"),
  m: () => go("/map"),
  f: () => go("/faults"),
  w: () => go("/why"),
};
document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  const typing = event.target.matches?.("input, textarea, select");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]") && event.key !== "?") return;
  if (current.key?.(event)) event.preventDefault();
  else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

open();
read("source")
  .then((source) => {
    context.source = source;
    context.pace = source.aws ? 10 : 2;
    const place = source.aws
      ? ["AWS", source.profile, source.region, source.indexed_only && "indexed traces only"]
          .filter(Boolean)
          .join(" · ")
      : source.endpoint.replace(/^https?:\/\//, "");
    show(sourceLabel, place);
    sourceLabel.dataset.aws = String(source.aws);
  })
  .catch((problem) => show(sourceLabel, problem.message));
