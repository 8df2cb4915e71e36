// A trace that was saved to a file: the console's waterfall, with nobody to ask.

import { h } from "./dom.js";
import { listenForKeys, logo, switchTheme, themeButton } from "./frame.js";
import { saved } from "./saved.js";
import { query } from "./state.js";
import { traceView } from "./views/trace.js";

const main = h("main", { id: "view" });
document.body.append(
  h(
    "header",
    { class: "top" },
    h("span", { class: "home" }, logo(), h("span", {}, "waterfall")),
    h("span", { class: "source", title: "what this file holds" }, `saved ${saved.at}`),
    themeButton(),
  ),
  main,
);
const view = traceView(main, { id: saved.trace, query: query(), pace: 2 });
listenForKeys(() => view, { d: switchTheme });
