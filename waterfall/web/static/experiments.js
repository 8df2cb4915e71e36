// Fault injection: the strip above every view while an experiment runs, and its buttons.

import { read, send } from "./api.js";
import { h, link, show } from "./dom.js";
import { polling } from "./live.js";
import { problemBox } from "./parts.js";
import { cut, duration } from "./pure/format.js";

const ACTIVE = new Set(["pending", "initiating", "running", "stopping"]);
const CHANGED = "experiments-changed";

export const isActive = (one) => ACTIVE.has(one.status);

// Tells every part of the page that an experiment was started or stopped.
export const changed = () => dispatchEvent(new Event(CHANGED));

export function onChange(listener) {
  addEventListener(CHANGED, listener);
  return () => removeEventListener(CHANGED, listener);
}

export const targetsOf = (one) => cut(one.targets.join(", "), 300);

// The time left, counted down by the page's own clock from when the answer came.
export function timeLeft(one, came) {
  const text = () =>
    one.left === null ? "" : duration(Math.max(0, Math.round(one.left - (performance.now() - came) / 1000)));
  const element = h("span", { class: "left" });
  const tick = () => {
    element.textContent = text() && `${text()} left`;
  };
  tick();
  element.tick = tick;
  return element;
}

// A button that asks before it does something in a real account.
export function actionButton(label, path, id, { sure = null, onproblem }) {
  const button = h("button", { type: "button" }, label);
  button.addEventListener("click", async () => {
    if (sure && !button.classList.contains("sure")) {
      button.classList.add("sure");
      button.textContent = sure;
      return;
    }
    button.disabled = true;
    try {
      await send(path, { id });
      changed();
    } catch (failure) {
      onproblem(failure.message);
      button.disabled = false;
    }
  });
  return button;
}

export const stopButton = (one, onproblem) =>
  one.status === "stopping" ? null : actionButton("Stop", "faults/stop", one.id, { onproblem });

// `idle` seconds between looks while nothing runs; `pace` while something does.
export function experimentStrip({ pace, idle }) {
  const rows = h("div", {});
  const problem = h("div", { class: "slot" });
  const element = h(
    "section",
    { class: "strip", "aria-label": "Running experiments", hidden: true },
    rows,
    problem,
  );
  let text = "";
  let times = [];
  let busy = false;
  const poll = polling(
    async (signal) => {
      try {
        const answer = await read("faults/running", {}, signal);
        draw(answer.experiments);
        if (answer.unavailable) poll.pause(true);
      } catch (failure) {
        if (failure.name === "AbortError") throw failure;
        draw([]);
      }
    },
    () => (busy ? pace() : idle()),
  );

  function draw(experiments) {
    const came = performance.now();
    const ended = busy && !experiments.length;
    busy = experiments.length > 0;
    element.hidden = !busy;
    const now = JSON.stringify(experiments.map(({ left, ...others }) => others));
    if (now === text) return;
    text = now;
    show(problem);
    show(
      rows,
      experiments.map((one) =>
        h(
          "div",
          { class: "experiment", role: "status" },
          h("i", {}),
          link("/faults", {}, h("b", {}, cut(one.name, 100))),
          h("span", {}, cut(one.faults.join("; "), 300)),
          one.targets.length ? h("span", { class: "dim" }, "on ", targetsOf(one)) : null,
          one.status === "running" ? null : h("span", {}, one.status),
          h(
            "span",
            { class: "ending" },
            timeLeft(one, came),
            stopButton(one, (message) => show(problem, problemBox(message))),
          ),
        ),
      ),
    );
    times = [...rows.querySelectorAll(".left")];
    if (ended) changed();
  }

  setInterval(() => {
    if (busy) for (const time of times) time.tick();
  }, 1000);
  onChange(() => poll.now());
  poll.now();
  return element;
}
