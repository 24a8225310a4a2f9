/** Elements without markup strings: no film title can become HTML. */

/** Whether the gateway has marked this page as part of a demonstration. */
export const isTest = "test" in document.documentElement.dataset;

const SVG = "http://www.w3.org/2000/svg";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** h("a", {href: "/", onclick: run}, "text", element): an HTML element. Null and false are omitted. */
export const h = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);

/** s("circle", {r: 4}): the same for SVG. */
export const s = (tag, attributes = {}, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

/** Replace all that `element` holds by `children`. */
export function fill(element, ...children) {
  element.replaceChildren();
  return build(element, {}, children);
}

/** Settles when the style sheet at `address`, which not every page needs, is there. */
export function loadStyle(address) {
  if (document.querySelector(`link[href="${address}"]`)) return Promise.resolve();
  return new Promise((settle) => {
    document.head.append(h("link", { rel: "stylesheet", href: address, onload: settle, onerror: settle }));
  });
}

/** Have screen readers read `sentence` aloud. */
export function announce(sentence) {
  const place = document.getElementById("announcement");
  place.textContent = "";
  requestAnimationFrame(() => {
    place.textContent = sentence;
  });
}
