// What stands below the list: where one is in it and how to go on, or why there is nothing.

import { h, link } from "../dom.js";
import { emptyBox } from "../parts.js";

export function pages({ answer, figures, from }, turn) {
  const { traces, after, among, unread } = answer;
  const total = figures && !figures.all.unread ? figures.chosen.total : null;
  const all = total !== null && total >= from + traces.length ? ` of ${total.toLocaleString("en")}` : "";
  const span = `${(from + 1).toLocaleString("en")} – ${(from + traces.length).toLocaleString("en")}${all}`;
  return h(
    "nav",
    { class: "pages", "aria-label": "Pages" },
    from ? h("button", { type: "button", onclick: turn.first, title: "First page" }, "« First") : null,
    h("span", { class: "dim" }, span),
    after
      ? h(
          "button",
          { type: "button", class: "next", onclick: turn.next, title: "Next page (n)" },
          "Next page ›",
        )
      : null,
    among ? h("span", { class: "dim" }, `sorted among the newest ${among.toLocaleString("en")}`) : null,
    unread ? h("span", { class: "dim" }, "more are being read …") : null,
  );
}

export function nothing({ answer, from, range, filter, failure }, turn) {
  if (answer.unread) return h("p", { class: "dim" }, "More are being read …");
  if (from)
    return emptyBox(
      "This page is gone",
      "Its traces are older than what is kept, or than the time that is asked about.",
      h("button", { type: "button", onclick: turn.first }, "First page"),
    );
  if (range)
    return emptyBox("No trace took that long", "Click the histogram to see all response times again.");
  const why = link("/why", { class: "button why" }, "Why is there no trace?");
  if (filter || failure)
    return emptyBox("No trace matches", "Take a condition out of the filter, or look further back.", why);
  return emptyBox(
    "No traces yet",
    "Send a request: it appears here as soon as its trace has arrived.",
    "Or look further back in time.",
    why,
  );
}
