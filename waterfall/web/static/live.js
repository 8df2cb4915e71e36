// Asks again while the page is in sight: after some time, or when the console says that there is news.

const RETRY = 1;

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

// Asks when there is news, and else every `idle` seconds; where nobody tells of news every `pace()` seconds.
// `ask` returns in how many seconds to ask again when it wants to. News during a question is asked about
// once, after it: a burst costs one question at a time. A page out of sight asks and hears nothing.
export function following(ask, pace, idle) {
  let timer = null;
  let asking = null;
  let line = null;
  let waiting = null;
  let told = false;
  let pushed = false;
  let missed = false;
  let stopped = false;
  let paused = true;
  const isQuiet = () => stopped || paused || document.hidden;

  async function run() {
    clearTimeout(timer);
    asking?.abort();
    missed = false;
    const own = new AbortController();
    asking = own;
    let soon;
    try {
      soon = await ask(own.signal);
    } catch (problem) {
      if (problem.name !== "AbortError") throw problem;
    }
    if (asking !== own) return;
    asking = null;
    if (stopped) return;
    if (soon !== undefined) timer = setTimeout(run, soon * 1000);
    else if (isQuiet()) return;
    else if (missed) run();
    else timer = setTimeout(run, (pushed ? idle : pace()) * 1000);
  }

  function hear() {
    told = true;
    if (asking) missed = true;
    else run();
  }

  async function listen() {
    const own = new AbortController();
    line = own;
    told = false;
    try {
      const answer = await fetch("/api/news", { signal: own.signal });
      pushed = answer.status === 200;
      if (!pushed) {
        run();
        return;
      }
      await answer.body.pipeTo(new WritableStream({ write: hear }));
    } catch {
      // the console has stopped, or this page does not listen any more
    }
    if (line !== own || isQuiet()) return;
    if (!told) run();
    waiting = setTimeout(listen, RETRY * 1000);
  }

  function rest() {
    clearTimeout(timer);
    clearTimeout(waiting);
    line?.abort();
    line = null;
  }
  const onVisible = () => {
    rest();
    if (!isQuiet()) listen();
  };
  document.addEventListener("visibilitychange", onVisible);
  return {
    now: run,
    pause(whether) {
      paused = whether;
      onVisible();
    },
    stop() {
      stopped = true;
      rest();
      asking?.abort();
      document.removeEventListener("visibilitychange", onVisible);
    },
  };
}
