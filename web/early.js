// Runs before the first paint, so that a light page never flashes dark, and before all modules, so that somebody notices
// when they do not come; everything else is a module.
document.documentElement.dataset.scripts = "on"; // or the page says that it needs them
let theme = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
try {
  theme = localStorage.getItem("theme") ?? theme;
} catch {
  // Without storage the page follows the system.
}
document.documentElement.dataset.theme = theme === "light" ? "light" : "dark";

// app.js removes the element `failure` when it has started. Until then, whatever fails keeps the page from being drawn.
/** @param {any} event */
function showFailure({ target, reason, error }) {
  const failure = document.getElementById("failure");
  const isOther = target instanceof Element && target.tagName !== "SCRIPT"; // such as a picture
  if (!failure || isOther || failure.classList.contains("now")) return;
  failure.classList.add("now");
  const cause = reason ?? error;
  fetch("/page/report_error", {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      page: /^\/[a-z_]{0,32}/.exec(location.pathname)[0],
      error: cause instanceof Error ? cause.name : "ScriptMissing",
    }),
  }).catch(() => {});
}
addEventListener("error", showFailure, true); // a script that can't be loaded tells only those who listen so
addEventListener("unhandledrejection", showFailure);
