// Where one had scrolled to is kept for each entry of the browser's history, and found again on Back.

const kept = new Map(); // of an entry: what had been scrolled, and how far
let last = 0;

const nameOf = (element) => element.id || (element.getAttribute("class") ?? "").split(" ")[0];

function entry() {
  if (!history.state?.entry) {
    last = Math.max(last + 1, Date.now());
    history.replaceState({ ...history.state, entry: last }, "");
  }
  return history.state.entry;
}

// Watches all that scrolls in `main`; the answer brings it back to where it was in the entry shown now.
export function keepingScroll(main) {
  let restoring = null;
  main.addEventListener(
    "scroll",
    ({ target }) => {
      if (restoring?.has(nameOf(target))) return;
      const places = kept.get(entry()) ?? new Map();
      kept.set(entry(), places.set(nameOf(target), target.scrollTop));
    },
    { capture: true, passive: true },
  );
  const done = () => {
    restoring = null;
    grown.disconnect();
  };
  // What was scrolled is drawn when its answer has come, and may grow in steps.
  const grown = new MutationObserver(bring);
  function bring() {
    for (const [name, top] of restoring ?? []) {
      const found = [main, ...main.querySelectorAll("*")].find((one) => nameOf(one) === name);
      if (!found || found.scrollHeight - found.clientHeight < top) continue;
      found.scrollTop = top;
      restoring.delete(name);
    }
    if (!restoring?.size) done();
  }
  for (const kind of ["wheel", "keydown", "pointerdown"])
    addEventListener(kind, done, { capture: true, passive: true });

  return function restore() {
    done();
    const places = kept.get(history.state?.entry);
    if (!places) return;
    restoring = new Map(places);
    grown.observe(main, { childList: true, subtree: true, attributes: true, attributeFilter: ["style"] });
    bring();
  };
}
