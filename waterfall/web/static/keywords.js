// What X-Ray's filter expressions know; for the help under the filter.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html

export const KEYWORDS = [
  [
    "Outcome",
    [
      ["ok", "2xx, no fault, error or throttle"],
      ["error", "4xx"],
      ["throttle", "429"],
      ["fault", "5xx"],
      ["partial", "still missing segments"],
      ["first", "head of a list of linked traces"],
      ["last", "tail of a list of linked traces"],
    ],
  ],
  [
    "Time, in seconds",
    [
      ["responsetime > 1", "until the answer"],
      ["duration >= 5", "until the last segment ended"],
    ],
  ],
  [
    "Request",
    [
      ["http.status = 502", ""],
      ['http.method = "GET"', ""],
      ['http.url CONTAINS "/hello"', ""],
      ['http.useragent BEGINSWITH "curl"', ""],
      ['http.clientip = "127.0.0.1"', ""],
    ],
  ],
  [
    "Annotations",
    [
      ['annotation[tenant] = "acme"', "a text"],
      ["annotation[attempt] > 2", "a number"],
      ["annotation[retry] = true", "a Boolean"],
    ],
  ],
  [
    "Services",
    [
      ['service("front")', "took part"],
      ['service("front") { fault }', "and failed"],
      ['service(id(name: "front", type: "AWS::Lambda"))', "by name and type"],
      ['edge("front", "worker") { responsetime > 1 }', "a call between two"],
    ],
  ],
  [
    "Users and parts",
    [
      ['user = "ada"', ""],
      ['name = "traced-api/dev"', ""],
      ['version = "1.2"', ""],
    ],
  ],
  [
    "Together",
    [
      ["fault AND responsetime > 2", ""],
      ['(error OR fault) AND http.method = "POST"', ""],
      ["!ok", "NOT"],
    ],
  ],
];
