// Experiments of AWS FIS: what runs and ran, and what can be started.

import { read, send } from "../api.js";
import { h, show } from "../dom.js";
import { changed, onChange } from "../experiments.js";
import { actionButton, isActive, stopButton, targetsOf, timeLeft } from "../experiments.js";
import { polling } from "../live.js";
import { emptyBox, problemBox } from "../parts.js";
import { clock, cut, day } from "../pure/format.js";

export function faultsView(main, { pace, source }) {
  main.className = "faults";
  const problem = h("div", { class: "slot" });
  const content = h("div", {}, h("p", { class: "dim" }, "Reading experiments…"));
  const put = putForm((message) => show(problem, message && problemBox(message)));
  show(main, h("h1", { class: "unseen" }, "Faults"), problem, put.element, content);
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
        } else {
          put.offer(answer.functions);
          draw(answer);
        }
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

  function draw({ templates, experiments, functions }) {
    const now = JSON.stringify([templates, experiments.map(({ left, ...others }) => others)]);
    if (now === text) return;
    text = now;
    const came = performance.now();
    show(
      content,
      templates.length
        ? [h("h2", {}, "Can be started"), table(["Experiment", "Faults", ""], templates.map(template))]
        : functions.length
          ? null
          : emptyBox("No experiments", "No experiment template of AWS FIS is deployed."),
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
      h("td", { class: "dim" }, one.started === null ? "" : began(one.started)),
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

// Most began today: then the time of day says it all.
const began = (time) => (day(time) === day(Date.now() / 1000) ? clock(time) : `${day(time)} ${clock(time)}`);

const KINDS = {
  delay: ["is late by", "500ms"],
  error: ["fails", ""],
  status: ["answers with the status", "503"],
};

// A fault for any function of the embedded AWS, for five minutes.
function putForm(onproblem) {
  const name = h("select", { "aria-label": "Function" });
  const kind = h(
    "select",
    { "aria-label": "Fault" },
    Object.entries(KINDS).map(([value, [words]]) => h("option", { value }, words)),
  );
  const amount = h("input", { type: "text", "aria-label": "How much", class: "mono", value: KINDS.delay[1] });
  const share = h("input", { type: "text", inputmode: "numeric", "aria-label": "Percentage", value: "100" });
  const note = h("p", { class: "dim", role: "status" });
  const start = h("button", { type: "submit" }, "Start");
  const form = h(
    "form",
    { class: "put", "aria-label": "A fault for a function" },
    name,
    kind,
    amount,
    h("span", {}, "in"),
    share,
    h("span", {}, "% of its invocations"),
    start,
  );
  const element = h("section", { class: "panel", hidden: true }, form, note);
  kind.addEventListener("change", () => {
    amount.value = KINDS[kind.value][1];
    amount.hidden = !amount.value;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    start.disabled = true;
    try {
      const { experiments } = await send("faults/put", {
        function: name.value,
        fault: `${kind.value} ${amount.value}`.trim(),
        percentage: Number(share.value),
      });
      onproblem(null);
      show(note, experiments[0].notes.join(" "));
      changed();
    } catch (failure) {
      onproblem(failure.message);
    }
    start.disabled = false;
  });
  let offered = "";
  const offer = (names) => {
    element.hidden = !names.length;
    if (offered === (offered = names.join())) return;
    const chosen = name.value;
    show(
      name,
      names.map((one) => h("option", { value: one, selected: one === chosen }, one)),
    );
  };
  return { element, offer };
}
