// Small line drawings, one for each kind of service. Drawn for this console.

import { svg } from "./dom.js";

const DRAWINGS = {
  client: ["M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8", "M4 21c0-4.5 3.5-7 8-7s8 2.5 8 7"],
  gateway: ["M8 5 3 12l5 7", "M16 5l5 7-5 7", "M14 4l-4 16"],
  lambda: ["M7 4h3l8 16h3", "M11.5 10 6 20H3"],
  function: ["M7 4h3l8 16h3", "M11.5 10 6 20H3"],
  table: ["M4 6c0-4 16-4 16 0v12c0 4-16 4-16 0z", "M4 6c0 4 16 4 16 0", "M4 12c0 4 16 4 16 0"],
  bucket: ["M4 6c0-3.500 16-3.500 16 0l-2.500 13c-.5 3-10.500 3-11 0z", "M4 6c0 3.500 16 3.500 16 0"],
  queue: ["M3 7h18v10H3z", "M8 7v10", "M13 7v10", "M18 7v10"],
  topic: ["M5 9v6h4l8 5V4L9 9z", "M20 9c1.500 2 1.500 4 0 6"],
  events: ["M12 3v4", "M12 17v4", "M3 12h4", "M17 12h4", "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8"],
  secret: ["M5 11h14v10H5z", "M8 11V8a4 4 0 0 1 8 0v3", "M12 15v2"],
  steps: ["M4 4h6v5H4z", "M14 15h6v5h-6z", "M10 6.500h7v8.500"],
  remote: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18", "M3 12h18", "M12 3c5 6 5 12 0 18c-5-6-5-12 0-18"],
  code: ["M9 6c-4 0-1 6-5 6c4 0 1 6 5 6", "M15 6c4 0 1 6 5 6c-4 0-1 6-5 6"],
  service: ["M12 3l8 4.500v9L12 21l-8-4.500v-9z", "M4 7.500l8 4.500 8-4.500", "M12 12v9"],
  wait: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18", "M12 7v5l4 2"],
};

const KINDS = [
  [/^client$/i, "client"],
  [/ApiGateway|AppSync|ElasticLoadBalancing|Lambda::Url/i, "gateway"],
  [/Lambda::Function/i, "function"],
  [/Lambda/i, "lambda"],
  [/DynamoDB|RDS|Database/i, "table"],
  [/S3/i, "bucket"],
  [/SQS|Kinesis/i, "queue"],
  [/SNS/i, "topic"],
  [/Events|EventBridge/i, "events"],
  [/Secrets|KMS|SSM/i, "secret"],
  [/StepFunctions|States|SFN/i, "steps"],
  [/remote/i, "remote"],
];

// Returns what a type, or the name of a called service, stands for.
export const kindOf = (text) => KINDS.find(([pattern]) => pattern.test(text ?? ""))?.[1] ?? "service";

export function kindOfNode(node) {
  if (node.phase) return "wait";
  if (node.type) return kindOf(node.type);
  if (node.namespace === "aws") return kindOf(node.name);
  if (node.namespace === "remote") return "remote";
  return node.kind === "segment" ? "service" : "code";
}

export const icon = (kind, attributes = {}) =>
  svg(
    "svg",
    { viewBox: "0 0 24 24", class: `icon kind-${kind}`, "aria-hidden": "true", ...attributes },
    DRAWINGS[kind].map((path) => svg("path", { d: path })),
  );

export const drawing = (kind, x, y, size) =>
  svg(
    "g",
    {
      class: `icon kind-${kind}`,
      transform: `translate(${x - size / 2} ${y - size / 2}) scale(${size / 24})`,
    },
    DRAWINGS[kind].map((path) => svg("path", { d: path })),
  );
