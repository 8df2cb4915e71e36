// A name on at most two lines of some width, broken where a reader would, its middle left out if need be.

const WIDE = 0x2e80; // from here on most characters take the room of two

const widthOf = (text) =>
  [...text].reduce((sum, character) => sum + (character.codePointAt(0) >= WIDE ? 2 : 1), 0);

function fitting(characters, room) {
  let used = 0;
  const end = characters.findIndex((character) => (used += widthOf(character)) > room);
  return end < 0 ? characters.length : end;
}

const isSign = (character) => "-_./ :".includes(character);
const isHump = (before, character) => /\p{Ll}/u.test(before) && /\p{Lu}/u.test(character);

// After or before a sign, or where a word in camel case goes on, not too early; else where the room ends.
function placeToBreak(characters, most, room) {
  const fits = (at) => widthOf(characters.slice(at).join("")) <= room;
  const places = Array.from({ length: most }, (_, index) => most - index).filter((at) => at > room / 3);
  const parts = (at) => isSign(characters[at - 1]) || isSign(characters[at]);
  const humps = (at) => isHump(characters[at - 1], characters[at]);
  return (
    places.find((at) => parts(at) && fits(at)) ??
    places.find((at) => humps(at) && fits(at)) ??
    places.find(parts) ??
    places.find(humps) ??
    most
  );
}

export function lines(name, room) {
  const characters = [...name.slice(0, 1000)];
  if (widthOf(name.slice(0, 1000)) <= room) return [name];
  const most = fitting(characters, room);
  const at = placeToBreak(characters, most, room);
  const first = characters.slice(0, at).join("");
  const rest = characters.slice(at);
  if (widthOf(rest.join("")) <= room) return [first, rest.join("")];
  const tail = [...rest].reverse();
  return [
    first,
    `…${tail
      .slice(0, fitting(tail, room - 1))
      .reverse()
      .join("")}`,
  ];
}
