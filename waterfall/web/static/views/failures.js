// Traces that failed, by what they failed of: a group opens to its traces.

import { h, show } from "../dom.js";
import { age, clock, count, cut, day } from "../pure/format.js";
import { kindOfFailure, timeOf, where } from "../pure/failures.js";
import { emptyBox } from "../parts.js";

export function failureGroups(onopen) {
  const element = h("div", { class: "groups", hidden: true });

  let drawn = null;

  function draw(figures, now) {
    const text = JSON.stringify([figures.failures, figures.other_failures, figures.among]);
    if (text === drawn && element.hasChildNodes()) return;
    drawn = text;
    const held = element.contains(document.activeElement) ? document.activeElement.dataset.failure : null;
    fill(figures, now);
    if (held) element.querySelector(`[data-failure="${CSS.escape(held)}"]`)?.focus();
  }

  function fill({ failures, other_failures: others, among }, now) {
    if (!failures.length) {
      show(
        element,
        emptyBox("Nothing failed", "No trace here has a fault, or an error that its client got."),
      );
      return;
    }
    const most = failures[0].count;
    show(
      element,
      h(
        "ul",
        {},
        failures.map((group) => row(group, most, now)),
      ),
      others ? h("p", { class: "dim more" }, `${count(others)} more failed in other ways`) : null,
      among ? h("p", { class: "dim more" }, `Among the newest ${count(among)} traces`) : null,
    );
  }

  function row(group, most, now) {
    const time = timeOf(group.newest);
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "open group", "data-failure": group.key, onclick: () => onopen(group.key) },
        h("span", { class: `pill ${group.kind}` }, count(group.count)),
        h(
          "span",
          { class: "what" },
          h("b", { title: group.exception }, cut(kindOfFailure(group), 120)),
          group.message ? h("span", {}, cut(group.message, 240)) : null,
          h("span", { class: "dim" }, `failed at ${where(group)}`),
        ),
        h(
          "span",
          { class: `track ${group.kind}`, "aria-hidden": "true" },
          h("i", { style: { width: `${Math.max(2, (group.count / most) * 100)}%` } }),
        ),
        time === null
          ? null
          : h(
              "time",
              { class: "dim", title: `${day(time)} ${clock(time)}` },
              `last ${age(Math.max(0, now - time))}`,
            ),
      ),
    );
  }
  return { element, draw };
}
