// The frame around every view: navigation, theme, help, keys, and which view an address shows.

import { read } from "./api.js";
import { h, link, show } from "./dom.js";
import { experimentStrip } from "./experiments.js";
import { listenForKeys, logo, switchTheme, themeButton } from "./frame.js";
import { toggleHelp } from "./help.js";
import { keepingScroll } from "./scroll.js";
import { query } from "./state.js";
import { compareView } from "./views/compare.js";
import { faultsView } from "./views/faults.js";
import { mapView } from "./views/map.js";
import { nowhereView } from "./views/nowhere.js";
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
    themeButton(),
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
  const { match, view, title } = found ?? { match: [], view: nowhereView, title: "No such page" };
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

document.addEventListener("click", (event) => {
  const inside = event.target.closest?.("[data-inside]");
  if (!inside || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey)
    return;
  event.preventDefault();
  go(inside.getAttribute("href"));
});
const bringBack = keepingScroll(main);
addEventListener("popstate", () => {
  open();
  bringBack();
});

listenForKeys(() => current, {
  "?": toggleHelp,
  d: switchTheme,
  t: () => go("/traces"),
  m: () => go("/map"),
  f: () => go("/faults"),
  w: () => go("/why"),
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
