// What narrows a map to a part: name or type, failures, one service and what is next to it.

import { h, show } from "../dom.js";
import { searchInput } from "../parts.js";
import { cut } from "../pure/format.js";
import { filtered } from "../pure/map_filter.js";
import { remember } from "../state.js";

// A service's number is another one in each answer.
const keyOf = (service) => `${service.name} ${service.type ?? ""}`;
const EVERYTHING = { name: null, failing: null, around: null };

export function mapChoice(query, onchange) {
  const input = searchInput("Filter services by name or type", {
    class: "mapfilter",
    value: query.get("name") ?? "",
    placeholder: "Name or type  /",
  });
  const failing = h("input", { type: "checkbox" });
  failing.checked = query.has("failing");
  const around = h("select", {
    "aria-label": "Around a service",
    title: "One service and its neighbours (n)",
  });
  let chosen = query.get("around");

  function changed() {
    remember({ name: input.value.trim(), failing: failing.checked ? "yes" : null, around: chosen });
    onchange();
  }
  input.addEventListener("input", changed);
  failing.addEventListener("change", changed);
  around.addEventListener("change", () => {
    chosen = around.value || null;
    changed();
  });

  function set(values) {
    input.value = values.name ?? "";
    failing.checked = Boolean(values.failing);
    chosen = values.around;
    changed();
  }

  // Returns the services that are chosen, and offers all of them.
  function of(services) {
    const sorted = services.toSorted((a, b) => a.name.localeCompare(b.name));
    const known = sorted.some((service) => keyOf(service) === chosen);
    show(
      around,
      h("option", { value: "" }, "Around: everything"),
      chosen && !known ? h("option", { value: chosen, selected: true }, `Around ${cut(chosen, 60)}`) : null,
      sorted.map((service) => {
        const key = keyOf(service);
        return h("option", { value: key, selected: key === chosen }, `Around ${cut(service.name, 60)}`);
      }),
    );
    const centre = chosen ? (services.find((service) => keyOf(service) === chosen)?.id ?? -1) : null;
    return filtered(services, { text: input.value, failing: failing.checked, around: centre });
  }

  of([]); // until they have come
  return {
    selects: [input, around],
    switches: h("label", { class: "check" }, failing, "Failed only"),
    of,
    focus: () => {
      input.focus();
      input.select();
    },
    around: (service) => set({ ...EVERYTHING, around: keyOf(service) }),
    reset: () => h("button", { type: "button", onclick: () => set(EVERYTHING) }, "Show everything"),
  };
}
