/** The user's postal addresses: a list, and a form that adds one or changes one. */

import { read, write, writeOnce } from "../../api.js";
import { announce, fill, h } from "../../dom.js";
import { countries } from "./countries.js";
import { addressLines } from "./lines.js";
import { t } from "../../language/translations.js";
import { problemSentence } from "../../problems.js";

const FIELDS = [
  { name: "name", autocomplete: "name", maxlength: 100, required: true },
  { name: "street", autocomplete: "street-address", maxlength: 200, required: true },
  { name: "postal_code", autocomplete: "postal-code", maxlength: 16 },
  { name: "city", autocomplete: "address-level2", maxlength: 100, required: true },
  { name: "region", autocomplete: "address-level1", maxlength: 100 },
];

/** A section that draws itself. */
export function addresses(signal) {
  const list = h("ul", { class: "address-list" });
  const note = h("p", { class: "muted small", role: "status" });
  const form = h("div");
  const add = h("button", { onclick: () => open(null) }, t("addresses.add"));
  const title = h("h2", { tabindex: "-1" }, t("addresses.title"));

  async function reload() {
    const { addresses: found } = await read("/user/get_addresses", {}, signal);
    fill(list, found.map((each) => line(each, { change: open, remove })));
    note.textContent = found.length ? "" : t("addresses.none");
  }

  /** Do `work` with the button disabled, then read the addresses anew; a problem is named, and nothing is lost. */
  async function run(button, work, news) {
    button.disabled = true;
    try {
      await work();
      close();
      await reload();
      if (!add.contains(document.activeElement)) title.focus({ preventScroll: true }); // the button is gone
      note.textContent = news;
      announce(news);
    } catch (problem) {
      note.textContent = problemSentence(problem);
    } finally {
      button.disabled = false;
    }
  }

  function remove(button, { address_id }) {
    return run(button, () => write("/user/remove_address", { address_id }), t("addresses.removed"));
  }

  function open(address) {
    const fields = address ? { address_id: address.address_id } : {};
    fill(
      form,
      editor(address, close, (event) => {
        event.preventDefault();
        const given = Object.fromEntries(new FormData(event.target));
        for (const [name, value] of Object.entries(given)) fields[name] = String(value).trim() || null;
        run(event.submitter, () => writeOnce("address", "/user/save_address", fields), t("addresses.saved"));
      }),
    );
    add.hidden = true;
    form.querySelector("input").focus();
  }

  function close() {
    if (add.hidden) {
      fill(form);
      add.hidden = false;
      add.focus();
    }
  }

  reload().catch((problem) => {
    if (!signal?.aborted) note.textContent = problemSentence(problem);
  });
  return h(
    "section",
    { class: "addresses stack", "aria-label": t("addresses.title") },
    title,
    list,
    note,
    form,
    h("p", {}, add),
  );
}

function line(address, { change, remove }) {
  const { street } = address;
  const button = (what, run) =>
    h("button", { "aria-label": t(`addresses.${what}_of`, { street }), onclick: run }, t(`addresses.${what}`));
  return h(
    "li",
    { class: "row spread" },
    addressLines(address),
    h(
      "span",
      { class: "row" },
      button("change", () => change(address)),
      button("remove", (event) => remove(event.currentTarget, address)),
    ),
  );
}

function editor(address, cancel, save) {
  const chosen = address?.country;
  return h(
    "form",
    { class: "stack", onsubmit: save },
    FIELDS.map(({ name, ...attributes }) =>
      h(
        "label",
        { class: "field" },
        t(`addresses.${name}`),
        h("input", { name, value: address?.[name], ...attributes }),
      )
    ),
    h(
      "label",
      { class: "field" },
      t("addresses.country"),
      h(
        "select",
        { name: "country", autocomplete: "country", required: true },
        h("option", { value: "" }),
        countries().map(([code, name]) => h("option", { value: code, selected: code === chosen }, name)),
      ),
    ),
    h(
      "p",
      { class: "row" },
      h("button", { class: "primary" }, t("addresses.save")),
      h("button", { type: "button", onclick: cancel }, t("addresses.cancel")),
    ),
  );
}
