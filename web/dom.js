/** Elements without markup strings: nothing that a film is called can become HTML. */

/** Whether the gateway has marked this page as a demonstration's. */
export const isTest = "test" in document.documentElement.dataset;

const SVG = "http://www.w3.org/2000/svg";

function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** h("a", {href: "/", onclick: run}, "text", element): an HTML element. Null and false are left out. */
export const h = (tag, attributes = {}, ...children) => dress(document.createElement(tag), attributes, children);

/** The same for SVG. */
export const s = (tag, attributes = {}, ...children) => dress(document.createElementNS(SVG, tag), attributes, children);

/** Put `children` in the place of all that `element` holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  return dress(element, {}, children);
}

/** Tell those who can't see the page what has happened on it. */
export function say(sentence) {
  const place = document.getElementById("said");
  place.textContent = "";
  requestAnimationFrame(() => {
    place.textContent = sentence;
  });
}
