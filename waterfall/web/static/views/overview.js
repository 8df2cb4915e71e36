// What stands over the list: figures over all traces of the time, and their response times to select from.

import { h, show } from "../dom.js";
import { count, duration } from "../pure/format.js";
import { shareOf } from "../pure/histogram.js";
import { histogram } from "./histogram.js";

export function overview({ onselect, onfailures }) {
  const figures = h("div", { class: "figures" });
  const note = h("p", { class: "note dim", role: "status" });
  const failures = h(
    "button",
    { type: "button", class: "byfailure", title: "Failures by cause (g)", onclick: onfailures },
    "Failures by cause",
  );
  const chart = histogram({ onselect });
  const element = h(
    "section",
    { class: "overview panel", "aria-label": "Figures over all traces" },
    h("div", {}, figures, h("div", { class: "under" }, failures, note)),
    chart.element,
  );

  // `all` is over all response times, `chosen` over those that are selected.
  function draw({ all, chosen, range, grouped }) {
    chart.draw(all.bins, range);
    failures.setAttribute("aria-pressed", String(grouped));
    fill(chosen, chosen.total.toLocaleString("en"));
    show(note, words(chosen));
  }

  function fill(chosen, total) {
    show(
      figures,
      figure("Traces", total),
      figure("Median", duration(chosen.p50)),
      figure("95 %", duration(chosen.p95)),
      figure("99 %", duration(chosen.p99)),
      figure("Errors", shareOf(chosen, "error"), "error"),
      figure("Throttled", shareOf(chosen, "throttle"), "throttle"),
      figure("Faults", shareOf(chosen, "fault"), "fault"),
    );
  }
  // What comes later takes no more room than what stands here until then.
  fill({ total: 0 }, "–");
  chart.draw([], null);
  return { element, draw };
}

function words({ unread, among, counted }) {
  if (unread) return `${count(unread)} more are being read`;
  if (!among) return null;
  return counted
    ? `as X-Ray counted all requests; histogram and failures of the newest ${among.toLocaleString("en")}`
    : `of the newest ${among.toLocaleString("en")}: X-Ray counts no more for a filter, or over a day`;
}

const figure = (name, value, tone = "") =>
  h(
    "div",
    { class: `figurebox ${tone} ${value === "0 %" || value === "–" ? "none" : ""}` },
    h("span", {}, name),
    h("strong", {}, value),
  );
