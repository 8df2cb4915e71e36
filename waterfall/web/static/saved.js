// What a page that was saved to a file carries with it: the answers of the API that it needs, by their path.

const element = document.getElementById("saved");

export const saved = element ? JSON.parse(element.textContent) : null; // `null` in the console itself

export const isOffered = (path) => saved === null || path in saved;
