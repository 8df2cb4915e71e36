// A name on at most two lines of some width, broken where a reader would, its middle left out if need be.

const WIDE = 0x2e80; // from here on most characters take the room of two

const widthOf = (text) =>
  [...text].reduce((sum, character) => sum + (character.codePointAt(0) >= WIDE ? 2 : 1), 0);

function fitting(characters, room) {
  let used = 0;
  const end = characters.findIndex((character) => (used += widthOf(character)) > room);
  return end < 0 ? characters.length : end;
}

export function lines(name, room) {
  const characters = [...name.slice(0, 1000)];
  if (widthOf(name.slice(0, 1000)) <= room) return [name];
  const most = fitting(characters, room);
  const parting = characters.slice(0, most).findLastIndex((character) => "-_./ :".includes(character)) + 1;
  const at = parting > room / 3 ? parting : most;
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
