/** The entry point: draws the frame around every page, then the page. */

import { fill, h, isTest } from "./dom.js";
import * as language from "./language/translations.js";
import { t } from "./language/translations.js";
import * as navigation from "./navigation.js";
import { reportUncaught } from "./report.js";
import { findPage } from "./routes.js";
import { TICKETS } from "./storage.js";
import * as session from "./account/session.js";
import { askToSignIn } from "./account/sign_in.js";

const place = (id) => document.getElementById(id);
// A demonstration says on every page, on paper too, that it takes no real money.
const banner = isTest && h("p", { class: "test-money", role: "note" });

function logo() {
  return h("a", { class: "logo", href: "/", "aria-label": `Marquee, ${t("nav.home")}` }, "Marquee");
}

function languages() {
  const other = Object.keys(language.LANGUAGES).find((tag) => tag !== language.language());
  return h("button", {
    class: "quiet",
    lang: other,
    onclick: async () => {
      await language.choose(other);
      session.keepLanguage();
      frame();
      navigation.reload();
    },
  }, language.LANGUAGES[other]);
}

function theme() {
  const light = document.documentElement.dataset.theme === "light";
  return h("button", {
    class: "quiet icon",
    "aria-label": t(light ? "nav.dark" : "nav.light"),
    onclick: () => {
      document.documentElement.dataset.theme = light ? "dark" : "light";
      try {
        localStorage.setItem("theme", light ? "dark" : "light");
      } catch {
        // Without storage the choice lasts until the next page load.
      }
      frame();
      /** @type {HTMLElement} */ (document.querySelector(".head .icon")).focus();
    },
  }, light ? "☾" : "☀");
}

function account() {
  const user = session.user();
  if (user) {
    return [
      hasRole(user, "cook") && h("a", { class: "button quiet", href: "/kitchen" }, t("kitchen.title")),
      hasRole(user, "usher") && h("a", { class: "button quiet", href: "/door" }, t("door.title")),
      hasRole(user) && h("a", { class: "button quiet", href: "/insight" }, t("nav.insight")),
      h("a", { class: "button quiet name", href: "/account" }, user.display_name ?? user.username),
    ];
  }
  const order = session.guest()?.order;
  return [
    order && h("a", { class: "button quiet", href: `/order/${order}` }, t("nav.order")),
    h("button", { class: "quiet", onclick: () => askToSignIn() }, t("nav.sign_in")),
  ];
}

/** Whether a user has this role, or one of those that include all others. */
const hasRole = ({ roles = [] }, wanted = "manager") =>
  roles.some((role) => [wanted, "manager", "admin"].includes(role.split("@")[0]));

function frame() {
  if (banner) {
    banner.textContent = t("test.banner");
    place("head").before(banner);
  }
  place("skip").textContent = t("nav.skip");
  fill(place("head"), logo(), h("nav", { "aria-label": t("nav.label") }, languages(), theme(), account()));
  fill(place("foot"), h("p", {}, t("foot.line")), h("p", {}, h("a", { href: "/docs" }, t("foot.api"))));
}

function watchConnection() {
  const bar = h("p", { class: "offline", role: "status", hidden: navigator.onLine });
  const update = () => {
    bar.hidden = navigator.onLine;
    bar.textContent = navigator.onLine ? "" : t("refusal.offline");
  };
  addEventListener("online", update);
  addEventListener("offline", update);
  update();
  place("head").after(bar);
}

/** What is kept of orders for offline goes when their day is over, whatever page is opened. */
async function forgetOver() {
  try {
    if (await caches.has(TICKETS)) (await import("./order/offline/kept.js")).dropOver();
  } catch {
    // Nothing may be kept in this browser.
  }
}

await language.start();
reportUncaught();
frame();
place("failure").remove();
watchConnection();
session.onChange((elsewhere) => {
  frame();
  navigation.userChanged(elsewhere);
});
navigation.start(findPage).then(forgetOver);
