// The keys, in a dialog.

import { h } from "./dom.js";

const KEYS = [
  [
    "Everywhere",
    [
      ["t", "traces"],
      ["m", "service map"],
      ["f", "faults"],
      ["w", "why is there no trace?"],
      ["d", "light or dark"],
      ["?", "these keys"],
    ],
  ],
  [
    "Traces",
    [
      ["/", "filter"],
      ["↑ ↓", "next and previous trace"],
      ["Enter", "open"],
      ["x", "mark for comparing"],
      ["c", "compare the two marked"],
      ["g", "failures by cause"],
      ["n", "next page"],
      ["l", "live on or off"],
    ],
  ],
  [
    "Service map",
    [
      ["/", "filter by name or type"],
      ["↑ ↓ ← →", "next and previous service"],
      ["Enter", "its traces"],
      ["n", "it and its neighbours alone"],
      ["+ − 0", "zoom, fit"],
    ],
  ],
  [
    "Why no trace?",
    [
      ["/", "ask about a request"],
      ["↑ ↓", "next and previous request"],
      ["Enter", "explain"],
      ["l", "live on or off"],
    ],
  ],
  [
    "Trace",
    [
      ["↑ ↓", "next and previous row"],
      ["→ ←", "open and close; to the parent"],
      ["Enter", "details"],
      ["/", "search"],
      ["n N", "next and previous match"],
      ["+ − 0", "zoom the time, show all of it"],
      ["z", "zoom to the chosen row"],
      ["⇧← ⇧→", "move the zoomed time"],
      ["e", "open or close all"],
      ["p", "critical path"],
      ["l", "logs"],
      ["Esc", "close what is open"],
    ],
  ],
];

export function toggleHelp() {
  const open = document.querySelector("dialog.keys");
  if (open) {
    open.close();
    return;
  }
  const dialog = h(
    "dialog",
    { class: "keys", "aria-label": "Keys" },
    h("h2", {}, "Keys"),
    h(
      "div",
      { class: "groups" },
      KEYS.map(([title, keys]) =>
        h(
          "section",
          {},
          h("h3", {}, title),
          h(
            "dl",
            {},
            keys.map(([key, does]) => [
              h(
                "dt",
                {},
                key.split(" ").map((one) => h("kbd", {}, one)),
              ),
              h("dd", {}, does),
            ]),
          ),
        ),
      ),
    ),
    h("button", { type: "button", onclick: () => dialog.close() }, "Close"),
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  dialog.scrollTop = 0; // the button that has the focus is below the keys
}
