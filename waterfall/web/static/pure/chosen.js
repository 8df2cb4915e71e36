// What the address of a list says about which traces, and in which order.

export const NEWEST_FIRST = "-began";

export function chosenBy(values) {
  return {
    filter: values.get("filter") ?? "",
    order: values.get("order") ?? NEWEST_FIRST,
    range: rangeOf(values.get("rt")),
    failure: values.get("failure"),
    grouped: values.get("group") === "failures",
    after: values.get("after"),
    from: Number(values.get("from")) || 0,
  };
}

// The response times that were selected, as the console's API takes them.
export const tookOf = ({ range }) => (range ? range.join("-") : null);

function rangeOf(text) {
  const match = /^([\d.]+)-([\d.]+)$/.exec(text ?? "");
  return match && Number(match[1]) < Number(match[2]) ? [Number(match[1]), Number(match[2])] : null;
}
