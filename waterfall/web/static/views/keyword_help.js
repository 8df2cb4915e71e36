// What a filter expression can say, to be put into the filter by a click.

import { h } from "../dom.js";
import { KEYWORDS } from "../keywords.js";

export function keywordHelp(insert) {
  return h(
    "section",
    { class: "keywords panel", hidden: true, "aria-label": "Filter keywords" },
    KEYWORDS.map(([title, items]) =>
      h(
        "div",
        {},
        h("h3", {}, title),
        items.map(([text, meaning]) =>
          h(
            "button",
            { type: "button", class: "keyword", onclick: () => insert(text) },
            h("code", {}, text),
            meaning ? h("span", { class: "dim" }, meaning) : null,
          ),
        ),
      ),
    ),
    h(
      "p",
      { class: "dim" },
      "Join with AND, OR and parentheses; compare with =, !=, <, <=, >, >=, CONTAINS, BEGINSWITH, ENDSWITH.",
    ),
  );
}
