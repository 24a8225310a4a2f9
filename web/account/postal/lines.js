/** A postal address as it is written on a letter. */

import { h } from "../../dom.js";
import { countryName } from "./countries.js";

/** An `address` element with a line each for the name, the street, the town, and what there is besides. */
export function addressLines({ name, street, postal_code: code, city, region, country }) {
  const lines = [street, [code, city].filter(Boolean).join(" "), region, countryName(country)].filter(Boolean);
  return h("address", {}, h("strong", {}, name), lines.map((line) => [h("br"), line]));
}
