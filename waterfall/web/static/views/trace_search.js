// Search in a trace: which spans have the words somewhere, and the way from one to the next.

import { h } from "../dom.js";
import { searchInput } from "../parts.js";
import { search } from "../pure/search.js";
import { remember } from "../state.js";

// `nodes()` are the trace's, `goto(position)` shows one, `ondone()` leaves the field, `onchange()` draws.
export function traceSearch({ nodes, chosen, goto, ondone, onchange, asked }) {
  let found = [];
  let places = new Map(); // the same, by position
  let at = -1;
  const input = searchInput("Search in this trace", { placeholder: "Search spans  /", value: asked ?? "" });
  const told = h("span", { class: "found", role: "status" });
  const step = (by, label, sign) =>
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": label,
        title: label,
        disabled: true,
        onclick: () => next(by),
      },
      sign,
    );
  const steps = [step(-1, "Previous match (N)", "↑"), step(1, "Next match (n)", "↓")];
  const element = h("div", { class: "search", role: "search" }, input, told, steps);

  function again({ jump = false } = {}) {
    found = search(nodes(), input.value);
    places = new Map(found.map(({ position, where }) => [position, where]));
    at = found.findIndex(({ position }) => position === chosen());
    if (jump && at < 0 && found.length) {
      at = Math.max(
        0,
        found.findIndex(({ position }) => position >= (chosen() ?? 0)),
      );
      goto(found[at].position);
    } else onchange();
    tell();
  }

  function tell() {
    const none = input.value.trim() && !found.length;
    const where = found[at]?.where.filter((one) => one !== "name") ?? [];
    told.textContent = none ? "nothing" : found.length ? `${at < 0 ? "–" : at + 1} of ${found.length}` : "";
    told.title = where.length ? `in ${where.join(", ")}` : "";
    told.classList.toggle("none", Boolean(none));
    element.classList.toggle("used", Boolean(input.value.trim()));
    for (const button of steps) button.disabled = !found.length;
  }

  function next(by) {
    if (!found.length) return;
    const from = chosen();
    const after = found.findIndex(({ position }) => position > (from ?? -1));
    const before = found.findLastIndex(({ position }) => position < (from ?? Infinity));
    at = by > 0 ? (after < 0 ? 0 : after) : before < 0 ? found.length - 1 : before;
    goto(found[at].position);
    tell();
  }

  function clear() {
    input.value = "";
    remember({ find: null });
    again();
  }

  input.addEventListener("input", () => {
    remember({ find: input.value.trim() });
    again({ jump: true });
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
    else if (event.key === "ArrowDown") ondone();
    else if (event.key === "Escape") {
      clear();
      ondone();
    } else return;
    event.preventDefault();
  });

  return {
    element,
    again,
    next,
    clear,
    // A row was chosen otherwise: which match that is.
    chose(position) {
      at = found.findIndex((one) => one.position === position);
      tell();
    },
    isUsed: () => input.value.trim() !== "",
    whereOf: (position) => places.get(position) ?? null,
    focus() {
      input.focus();
      input.select();
    },
  };
}
