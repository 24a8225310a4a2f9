/** The little of a browser that the pages' modules need in a test. Import it before them. */

import { readFile } from "node:fs/promises";

class Style {
  setProperty(name, value) {
    this[name] = value;
  }
}

class Element {
  constructor(name) {
    this.name = name;
    this.attributes = {};
    this.children = [];
    this.style = new Style();
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
  }

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  addEventListener(name, listener) {
    this[`on${name}`] = listener;
  }

  focus() {}
}

const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true });

define("document", {
  documentElement: { dataset: { mostSeats: "8" } },
  createElement: (name) => new Element(name),
  getElementById: (id) => new Element(id),
  createElementNS: (_, name) => new Element(name),
});
define("requestAnimationFrame", (run) => run());
define("location", new URL("https://cinema.example/order/o1"));
define("fetch", async (path) => new Response(await readText(path)));
Object.defineProperty(navigator, "languages", { value: ["en-GB", "zh-CN"], configurable: true });

function readText(path) {
  return readFile(new URL(`../..${path}`, import.meta.url), "utf8");
}
