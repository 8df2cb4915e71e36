// Heads of columns that sort: the first click the way one mostly wants, the second the other way.

import { h } from "../dom.js";

// `names` are `[column or null, title, begins with the largest]`; `order()` is a column, after `-` the
// largest first. Returns the table's head, and what draws it anew.
export function sortableColumns(names, order, onorder) {
  const heads = names.map(([column, title, largest]) => {
    if (!column) return h("th", { scope: "col" }, title);
    const press = () => {
      const [here, descending] = [column === order().replace("-", ""), order().startsWith("-")];
      onorder((here ? !descending : largest) ? `-${column}` : column);
    };
    const button = h(
      "button",
      { type: "button", class: "sort", onclick: press },
      title,
      h("i", { "aria-hidden": "true" }),
    );
    return h("th", { scope: "col", "data-column": column }, button);
  });
  function draw() {
    for (const head of heads) {
      const column = head.dataset.column;
      if (!column) continue;
      const here = column === order().replace("-", "");
      if (here) head.setAttribute("aria-sort", order().startsWith("-") ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  }
  draw();
  return { element: h("thead", {}, h("tr", {}, heads)), draw };
}
