// Asks again and again while the page is in sight; one question at a time, the newest wins.

export function polling(ask, seconds) {
  let timer = null;
  let asking = null;
  let stopped = false;
  let paused = false;

  async function run() {
    clearTimeout(timer);
    asking?.abort();
    const own = new AbortController();
    asking = own;
    try {
      await ask(own.signal);
    } catch (problem) {
      if (problem.name !== "AbortError") throw problem;
    } finally {
      if (asking === own && !stopped && !paused && !document.hidden)
        timer = setTimeout(run, (typeof seconds === "function" ? seconds() : seconds) * 1000);
    }
  }

  const onVisible = () => {
    if (document.hidden) clearTimeout(timer);
    else if (!paused) run();
  };
  document.addEventListener("visibilitychange", onVisible);
  return {
    now: run,
    pause(whether) {
      paused = whether;
      clearTimeout(timer);
      if (!paused) run();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      asking?.abort();
      document.removeEventListener("visibilitychange", onVisible);
    },
  };
}
