// What an unknown address shows: that there is nothing, and the way to what there is.

import { h, link, show } from "../dom.js";
import { cut } from "../pure/format.js";

export function nowhereView(main) {
  main.className = "";
  show(
    main,
    h(
      "section",
      { class: "nowhere" },
      h("h1", {}, "There is no such page"),
      h("p", { class: "dim" }, "The console shows nothing at ", h("code", {}, cut(location.pathname, 200))),
      link("/traces", { class: "button" }, "All traces"),
    ),
  );
  return { close() {} };
}
