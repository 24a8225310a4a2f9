/** The page of a receipt: to read, to print, and to choose the address that it is made out to. */

import { read } from "../api.js";
import * as session from "../account/session.js";
import { fill, h, loadStyle } from "../dom.js";
import { readOwn } from "../guest/elsewhere.js";
import { include, t } from "../language/translations.js";
import { rename } from "../navigation.js";
import { problemSentence } from "../problems.js";
import { controls } from "../receipt/controls.js";
import { paper } from "../receipt/paper.js";

const STYLE = "/web/style/receipt.css";

export async function show(main, { id, query, signal }) {
  const ask = (address) => read("/order/get_receipt", { order_id: id, address_id: address }, signal);
  const first = () =>
    ask(query.get("address")).catch((problem) => {
      if (problem.code !== "unknown_address") throw problem; // it may have been removed since
      return ask(null);
    });
  const [found] = await Promise.all([
    readOwn(main, () => Promise.all([first(), readAddresses(signal)])),
    include("receipt"),
    loadStyle(STYLE),
  ]);
  if (!found) return t("link.title");
  const [receipt, addresses] = found;
  const sheet = h("div", {}, paper(receipt));
  const warning = h("p", { class: "note warning no-print", role: "alert", hidden: true });
  let wanted;

  async function choose(address) {
    wanted = address;
    warning.hidden = true;
    try {
      const other = await ask(address);
      if (wanted !== address) return; // another was chosen meanwhile
      fill(sheet, paper(other));
      rename(`/receipt/${id}?address=${address}`);
    } catch (problem) {
      if (signal.aborted || wanted !== address) return;
      warning.textContent = problemSentence(problem);
      warning.hidden = false;
    }
  }

  fill(main, h("article", { class: "receipt stack" }, controls(receipt, addresses, choose), warning, sheet));
  return t("order.receipt_of", { film: receipt.screening.film_title });
}

/** None of a guest; none while the user room is away: then the receipt itself says so. */
async function readAddresses(signal) {
  if (!session.user()) return [];
  const found = await read("/user/get_addresses", {}, signal).catch(() => ({ addresses: [] }));
  return found.addresses;
}
