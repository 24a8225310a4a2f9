// Runs before the first paint, so that a light page never flashes dark; everything else is a module.
try {
  document.documentElement.dataset.theme = localStorage.getItem("theme") === "light" ? "light" : "dark";
} catch {
  // Without storage the page is dark.
}
