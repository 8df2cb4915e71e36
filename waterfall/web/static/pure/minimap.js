// A whole trace in a strip: a line for each span, as one path for each tone.

import { toneOf } from "./rows.js";

// Returns `[tone, path]` in a box of `width` by `height`, in which each span has its line from top to bottom.
export function outline(nodes, span, width, height) {
  const paths = new Map();
  nodes.forEach((node, position) => {
    const tone = node.status === "ok" ? toneOf(node) : node.status;
    const end = node.duration === null ? span : node.offset + node.duration;
    const [left, right] = [node.offset, end].map((at) =>
      (Math.min(1, Math.max(0, at / span)) * width).toFixed(1),
    );
    const top = (((position + 0.5) / nodes.length) * height).toFixed(1);
    const line = `M${left} ${top}H${Math.max(Number(right), Number(left) + 1).toFixed(1)}`;
    paths.set(tone, (paths.get(tone) ?? "") + line);
  });
  return [...paths];
}
