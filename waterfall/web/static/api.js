// Reads the console's own API; `ApiError` carries its sentence and code.

import { isOffered, saved } from "./saved.js";

// Resolves once no mouse button is down: what is drawn anew under a click loses it.
let letGo = null;
let pressed = Promise.resolve();
addEventListener(
  "pointerdown",
  () => {
    if (!letGo) pressed = new Promise((done) => (letGo = done));
  },
  true,
);
for (const kind of ["pointerup", "pointercancel", "dragend", "blur"])
  addEventListener(
    kind,
    () => {
      // The click comes after this.
      setTimeout(() => {
        letGo?.();
        letGo = null;
      });
    },
    true,
  );

export class ApiError extends Error {
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export async function read(path, query = {}, signal = undefined) {
  if (saved) return kept(path);
  const given = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  const search = new URLSearchParams(given).toString();
  return ask(`/api/${path}${search ? `?${search}` : ""}`, { signal });
}

function kept(path) {
  if (isOffered(path)) return saved[path];
  throw new ApiError("this page was saved without it", "NotSaved", 404);
}

// Changes something: the guard wants JSON from the console's own pages.
export const send = (path, body) =>
  ask(`/api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

async function ask(address, how) {
  let response;
  try {
    response = await fetch(address, how);
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new ApiError("the console has stopped: start it again with `waterfall console`", "Stopped", 0);
  }
  if (response.ok) {
    const found = await response.json();
    await pressed;
    return found;
  }
  const { error, code } = await response
    .json()
    .catch(() => ({ error: `the console answered ${response.status}`, code: "Unreadable" }));
  throw new ApiError(error, code, response.status);
}
