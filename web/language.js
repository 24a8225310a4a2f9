/** The sentences of the page in the reader's language: one file a language, chosen by the browser, switchable. */

import { browser } from "./keep.js";

export const LANGUAGES = { en: "English", zh: "中文" };
const TAGS = { en: "en", zh: "zh-Hans" };

let words = {};
let current = "en";
let plurals = new Intl.PluralRules("en");

/** Load the language of before, or the first that the browser asks for and we speak. */
export function start() {
  const wanted = [browser.get("language"), ...navigator.languages].map((tag) => String(tag).slice(0, 2));
  return use(wanted.find((tag) => tag in LANGUAGES) ?? "en");
}

export async function use(tag) {
  const response = await fetch(`/web/language/${tag}.json`);
  words = await response.json();
  current = tag;
  plurals = new Intl.PluralRules(locale());
  document.documentElement.lang = TAGS[tag];
}

export async function choose(tag) {
  await use(tag);
  browser.set("language", tag);
}

export const language = () => current;

/** For Intl: the browser's own variant of the language where it has one, such as en-GB. */
export function locale() {
  return navigator.languages.find((tag) => tag.toLowerCase().startsWith(current)) ?? TAGS[current];
}

/** The sentence called `key`; {name} in it becomes facts.name, and facts.count chooses between its plurals. */
export function t(key, facts = {}) {
  const plural = "count" in facts ? words[`${key}.${plurals.select(facts.count)}`] ?? words[`${key}.other`] : undefined;
  const sentence = plural ?? words[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
}

export const knows = (key) => key in words;

/** "F7, F8 and F9" as the language puts it. */
export const list = (things) => new Intl.ListFormat(locale(), { type: "conjunction" }).format(things);
