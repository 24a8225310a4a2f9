/** The field for a code of the authenticator app, or a recovery code. */

import { h } from "../../dom.js";
import { t } from "../../language/translations.js";

export const codeField = () =>
  h(
    "label",
    { class: "field" },
    t("factor.code"),
    h("input", {
      name: "second_factor",
      autocomplete: "one-time-code",
      autocapitalize: "none",
      spellcheck: "false",
      required: true,
      maxlength: 64,
    }),
    h("small", {}, t("factor.code_hint")),
  );
