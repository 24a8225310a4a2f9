/** What of the mesh is shown, as the address of the page says it, and the fields that change it. */

import { fill, h } from "../dom.js";
import { t } from "../language/translations.js";

export const FILTERS = ["room", "method", "status", "min_ms", "request_id", "order_id", "since"];
export const WINDOWS = [5, 15, 60, 180];
const MINUTES = 15;
const POSSIBLE = {
  status: (value) => ["ok", "error"].includes(value),
  min_ms: (value) => /^\d{1,7}$/.test(value),
  since: (value) => !Number.isNaN(Date.parse(value)),
};

/** The selection in a query: {minutes, room, method, ...}, empty where there is none or none that can be. */
export function readQuery(query) {
  const minutes = Number(query.get("minutes"));
  return {
    minutes: WINDOWS.includes(minutes) ? minutes : MINUTES,
    ...Object.fromEntries(FILTERS.map((name) => [name, possible(name, query.get(name) ?? "")])),
  };
}

const possible = (name, value) => value && (POSSIBLE[name]?.(value) ?? true) ? value : "";

/** The address of the page that shows this; what is as usual is left out. */
export function addressOf(selection) {
  const given = FILTERS.filter((name) => selection[name]).map((name) => [name, selection[name]]);
  const query = new URLSearchParams([
    ...(selection.minutes === MINUTES ? [] : [["minutes", selection.minutes]]),
    ...given,
  ]);
  return query.size ? `/insight?${query}` : "/insight";
}

/** The filters of the list for the API. */
export const filtersOf = (selection) => Object.fromEntries(FILTERS.map((name) => [name, selection[name]]));

/** The form above the list; `change(selection)` is told of every change, `find(id)` of an id that is looked for. */
export class FilterForm {
  constructor(selection, change, find) {
    this.selection = selection;
    this.change = change;
    this.rooms = [];
    this.room = h("select", { name: "room", onchange: () => this.set({ room: this.room.value }) });
    this.method = h("input", {
      name: "method",
      list: "insight-methods",
      placeholder: "order.buy",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: 120,
      onchange: () => this.set({ method: this.method.value.trim() }),
    });
    this.methods = h("datalist", { id: "insight-methods" });
    this.status = h(
      "select",
      { name: "status", onchange: () => this.set({ status: this.status.value }) },
      ["", "ok", "error"].map((each) => h("option", { value: each }, t(`insight.status.${each || "any"}`))),
    );
    this.least = h("input", {
      name: "min_ms",
      inputmode: "numeric",
      pattern: "[0-9]{0,7}",
      placeholder: "0",
      autocomplete: "off",
      onchange: () => this.least.checkValidity() && this.set({ min_ms: this.least.value }),
    });
    const id = h("input", {
      name: "id",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: 64,
      onchange: () => id.value.trim() && find(id.value.trim()),
    });
    this.chosen = h("p", { class: "chosen row", hidden: true });
    this.element = h(
      "form",
      { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      field(t("insight.room"), this.room),
      field(t("insight.method"), this.method, this.methods),
      field(t("insight.outcome"), this.status),
      field(t("insight.least"), this.least),
      field(t("insight.id"), id),
      this.chosen,
    );
    this.offer([], []);
  }

  set(some) {
    Object.assign(this.selection, some);
    this.show();
    this.change(this.selection);
  }

  /** Offer these rooms and methods, and keep what is chosen. */
  offer(rooms, methods) {
    this.rooms = rooms;
    fill(this.methods, methods.map((value) => h("option", { value })));
    this.show();
  }

  show() {
    const { selection } = this;
    const names = [...new Set([...this.rooms, selection.room].filter(Boolean))].sort();
    if (this.room.dataset.names !== names.join()) {
      this.room.dataset.names = names.join();
      fill(
        this.room,
        h("option", { value: "" }, t("insight.everywhere")),
        names.map((name) => h("option", { value: name }, name)),
      );
    }
    this.room.value = selection.room;
    this.status.value = selection.status;
    for (const [input, name] of [[this.method, "method"], [this.least, "min_ms"]]) {
      if (input !== document.activeElement) input.value = selection[name];
    }
    const ids = ["order_id", "request_id", "since"].filter((name) => selection[name]);
    const any = FILTERS.some((name) => selection[name]);
    this.chosen.hidden = !any;
    fill(
      this.chosen,
      ids.map((name) => h("span", { class: "status" }, t(`insight.only.${name}`, { value: selection[name] }))),
      any && h("button", {
        type: "button",
        class: "link",
        onclick: () => this.set(Object.fromEntries(FILTERS.map((name) => [name, ""]))),
      }, t("insight.clear")),
    );
  }
}

const field = (label, ...inputs) => h("label", { class: "field" }, label, inputs);
