// What the lists of traces and of requests have in common: columns, rows in order, keys, and asking again.

import { h } from "../dom.js";
import { remember } from "../state.js";

export const columns = (names) =>
  h(
    "thead",
    {},
    h(
      "tr",
      {},
      names.map((name) => h("th", { scope: "col" }, name)),
    ),
  );

// Leaves a table's rows as they are wanted, and moves only those that are elsewhere.
export function arrange(body, wanted) {
  const kept = new Set(wanted);
  for (const row of [...body.children]) if (!kept.has(row)) row.remove();
  wanted.forEach((row, index) => {
    if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
  });
}

// A button for `state.live`, which the address keeps; `poll()` is what asks.
export function liveSwitch(state, poll) {
  const title = "Ask again while requests come in (l)";
  const button = h("button", { type: "button", class: "live", title, onclick: toggle }, h("i"), "Live");
  function apply() {
    button.setAttribute("aria-pressed", String(state.live));
    poll().pause(!state.live);
  }
  function toggle() {
    state.live = !state.live;
    remember({ live: state.live ? null : "off" });
    apply();
  }
  function begin() {
    apply();
    if (!state.live) poll().now();
  }
  return { button, toggle, begin };
}

export function listKeys(input, body, live) {
  function move(step) {
    const links = [...body.querySelectorAll(".open")];
    const at = links.indexOf(document.activeElement);
    const next = links[Math.max(0, Math.min(links.length - 1, at + step))];
    next?.focus();
    next?.closest("tr, li").scrollIntoView({ block: "nearest" });
  }
  return {
    "/": () => {
      input.focus();
      input.select();
    },
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    j: () => move(1),
    k: () => move(-1),
    l: live.toggle,
  };
}

// Does what a table of keys says, and tells whether it said anything.
export const pressed = (keys) => (event) => {
  const act = keys[event.key];
  act?.();
  return Boolean(act);
};
