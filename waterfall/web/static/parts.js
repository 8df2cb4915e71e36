// Small pieces that several views show.

import { h } from "./dom.js";
import { secondsOf } from "./state.js";

export const statusPill = (item) =>
  h(
    "span",
    {
      class: `pill ${item.unfinished && item.status === "ok" ? "open" : item.status}`,
      title: statusTitle(item),
    },
    item.http_status ?? (item.unfinished ? "…" : statusWord(item.status)),
  );

export const statusWord = (status) =>
  ({ ok: "OK", error: "Error", throttle: "Throttle", fault: "Fault" })[status];

function statusTitle(item) {
  const words = [statusWord(item.status)];
  if (item.unfinished) words.push("not finished");
  if (item.throttled && item.status !== "throttle") words.push("a throttle inside");
  return words.join(", ");
}

const RANGES = [
  ["5m", "5 minutes"],
  ["15m", "15 minutes"],
  ["1h", "1 hour"],
  ["6h", "6 hours"],
  ["1d", "24 hours"],
  ["7d", "7 days"],
];

// A choice of time: the last minutes or hours, or from when to when.
export function timeChoice(values, most, onchange) {
  const custom = values.has("start") && values.has("end");
  const chosen = custom ? "custom" : (values.get("since") ?? "1h");
  const offered = RANGES.filter(([text]) => secondsOf(text) <= most);
  const others = custom || offered.some(([text]) => text === chosen) ? [] : [[chosen, chosen]];
  const from = moment("From", values.get("start"));
  const to = moment("To", values.get("end"));
  const select = h(
    "select",
    { "aria-label": "Time range", class: "time" },
    [...offered, ...others].map(([text, name]) =>
      h("option", { value: text, selected: text === chosen }, `Last ${name}`),
    ),
    h("option", { value: "custom", selected: custom }, "From – to …"),
  );
  const span = h("span", { class: "span", hidden: !custom }, from, to);
  select.addEventListener("change", () => {
    span.hidden = select.value !== "custom";
    if (select.value !== "custom") onchange({ since: select.value, start: null, end: null });
    else {
      const now = Date.now() / 1000;
      from.value = local(now - (secondsOf(chosen) ?? 3600));
      to.value = local(now);
      applied();
    }
  });
  const applied = () => {
    const [start, end] = [from, to].map((input) => new Date(input.value).getTime() / 1000);
    if (start < end) onchange({ since: null, start, end });
  };
  for (const input of [from, to]) input.addEventListener("change", applied);
  return h("span", { class: "timechoice" }, select, span);
}

const moment = (label, seconds) =>
  h("input", {
    type: "datetime-local",
    step: 1,
    "aria-label": label,
    value: seconds ? local(Number(seconds)) : "",
  });

function local(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

// `text` may be a function, which may give a promise.
export const copyButton = (text, label, name = "Copy") => {
  const button = h("button", { type: "button", class: "quiet copy", title: `Copy ${label}` }, name);
  const tell = (word) => {
    button.textContent = word;
    setTimeout(() => {
      button.textContent = name;
    }, 1200);
  };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(await (typeof text === "function" ? text() : text));
      tell("Copied");
    } catch (problem) {
      button.title = problem.message;
      tell("Not copied");
    }
  });
  return button;
};

// Controls in a row; Enter in one of them does `onenter`.
export function bar(onenter, ...controls) {
  const onsubmit = (event) => {
    event.preventDefault();
    onenter();
  };
  return h("form", { class: "bar", onsubmit }, controls);
}

export const searchInput = (label, attributes) =>
  h("input", {
    type: "search",
    spellcheck: "false",
    autocomplete: "off",
    "aria-label": label,
    ...attributes,
  });

// What opens and closes what is below it.
export const foldButton = (isOpen, attributes) =>
  h("button", { type: "button", class: "toggle", ...attributes }, isOpen ? "▾" : "▸");

// `retry` does again what failed.
export const problemBox = (message, retry) =>
  h(
    "p",
    { class: "problem", role: "alert" },
    message,
    retry ? h("button", { type: "button", class: "quiet", onclick: retry }, "Try again") : null,
  );

// Says that something is on its way, once that takes longer than one would notice.
export const loadingBox = (words) =>
  h(
    "div",
    { class: "loading", role: "status" },
    h("span", {}, words),
    Array.from({ length: 6 }, () => h("i", { "aria-hidden": "true" })),
  );
export const emptyBox = (title, ...lines) =>
  h(
    "div",
    { class: "empty" },
    h("h2", {}, title),
    lines.map((line) => h("p", {}, line)),
  );
