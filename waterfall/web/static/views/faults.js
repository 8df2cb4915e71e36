// Experiments of AWS FIS: what runs and ran, and what can be started.

import { read } from "../api.js";
import { h, show } from "../dom.js";
import { actionButton, isActive, onChange, stopButton, targetsOf, timeLeft } from "../experiments.js";
import { polling } from "../live.js";
import { emptyBox, problemBox } from "../parts.js";
import { clock, cut, day } from "../pure/format.js";

export function faultsView(main, { pace, source }) {
  main.className = "faults";
  const problem = h("div", { class: "slot" });
  const content = h("div", {}, h("p", { class: "dim" }, "Reading experiments…"));
  show(main, h("h1", { class: "unseen" }, "Faults"), problem, content);
  let text = "";
  let times = [];
  const onproblem = (message) => show(problem, problemBox(message));

  const poll = polling(
    async (signal) => {
      try {
        const answer = await read("faults", {}, signal);
        if (answer.unavailable) {
          show(content, emptyBox("Experiments cannot be read", cut(answer.unavailable, 500)));
          poll.stop();
        } else draw(answer);
      } catch (failure) {
        if (failure.name === "AbortError") throw failure;
        onproblem(failure.message);
      }
    },
    () => (source()?.aws ? 3 * pace : pace),
  ); // an account's templates are read one by one
  const leave = onChange(() => {
    show(problem);
    poll.now();
  });
  const ticking = setInterval(() => {
    for (const time of times) time.tick();
  }, 1000);
  poll.now();

  function draw({ templates, experiments }) {
    const now = JSON.stringify([templates, experiments.map(({ left, ...others }) => others)]);
    if (now === text) return;
    text = now;
    const came = performance.now();
    show(
      content,
      templates.length
        ? [h("h2", {}, "Can be started"), table(["Experiment", "Faults", ""], templates.map(template))]
        : emptyBox("No experiments", "Set `faults` in the stack's settings and deploy again."),
      experiments.length
        ? [
            h("h2", {}, "Started"),
            table(
              ["Experiment", "Faults", "On", "State", "Began", ""],
              experiments.map((one) => experiment(one, came)),
            ),
          ]
        : null,
    );
    times = [...content.querySelectorAll(".left")];
  }

  const table = (heads, rows) =>
    h(
      "section",
      { class: "panel" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            heads.map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        h("tbody", {}, rows),
      ),
    );

  const template = (one) =>
    h(
      "tr",
      {},
      h("td", {}, h("b", {}, cut(one.name, 100))),
      h("td", {}, cut(one.faults.join("; "), 500)),
      h(
        "td",
        {},
        actionButton("Start", "faults/start", one.id, {
          sure: source()?.aws ? "Start in this account?" : null,
          onproblem,
        }),
      ),
    );

  const experiment = (one, came) =>
    h(
      "tr",
      {},
      h("td", {}, h("b", {}, cut(one.name, 100))),
      h("td", {}, cut(one.faults.join("; "), 500)),
      h("td", {}, targetsOf(one)),
      h(
        "td",
        {},
        h("span", { class: `state ${one.status}` }, one.status),
        one.reason && !isActive(one) ? h("span", { class: "dim" }, ` ${cut(one.reason, 300)}`) : null,
      ),
      h("td", { class: "dim" }, one.started === null ? "" : `${day(one.started)} ${clock(one.started)}`),
      h("td", {}, isActive(one) ? [timeLeft(one, came), " ", stopButton(one, onproblem)] : null),
    );

  return {
    close() {
      poll.stop();
      leave();
      clearInterval(ticking);
    },
    key: () => false,
  };
}
