// What stands around a view, in the console and in a page that was saved.

import { h, svg } from "./dom.js";

export const logo = () =>
  svg(
    "svg",
    { viewBox: "0 0 32 32", class: "logo", "aria-hidden": "true" },
    svg("rect", { width: 32, height: 32, rx: 7 }),
    svg("path", { d: "M6 9h20M11 16h12M16 23h8" }),
  );

export const themeButton = () =>
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
  );

export function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

// Keys go to the view first, which says whether it took one; `keys` are those of every view.
export function listenForKeys(view, keys) {
  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const typing = event.target.matches?.("input, textarea, select");
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    if (view().key?.(event)) event.preventDefault();
    else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
}
