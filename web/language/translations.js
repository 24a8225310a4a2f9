/**
 * The sentences of the page in the user's language, which the browser or the user chooses: one JSON file per language,
 * and one more for each part of the site that calls `include`.
 */

import { browser } from "../storage.js";

/** The names of the languages there are, by tag. */
export const LANGUAGES = { en: "English", zh: "中文" };
const TAGS = { en: "en", zh: "zh-Hans" };

let sentences = {};
const parts = new Set(); // of the site whose sentences are in files of their own
let current = "en";
let plurals = new Intl.PluralRules("en");

/** Load the language chosen before, or the first of the browser's that there is; if that fails, another one. */
export async function start() {
  const wanted = [browser.get("language"), ...navigator.languages].map((tag) => String(tag).slice(0, 2));
  const best = wanted.find((tag) => tag in LANGUAGES) ?? "en";
  const others = Object.keys(LANGUAGES).filter((tag) => tag !== best);
  await others.reduce((tried, tag) => tried.catch(() => use(tag)), use(best));
}

/** Load the sentences of this language. */
export async function use(tag) {
  const files = await Promise.all([tag, ...[...parts].map((part) => `${tag}.${part}`)].map(load));
  sentences = Object.assign({}, ...files);
  current = tag;
  plurals = new Intl.PluralRules(locale());
  document.documentElement.lang = TAGS[tag];
}

/** Load the sentences of a part of the site, such as "account", which are not needed everywhere. */
export async function include(part) {
  if (parts.has(part)) return;
  Object.assign(sentences, await load(`${current}.${part}`));
  parts.add(part);
}

async function load(name) {
  const answer = await fetch(`/web/language/${name}.json`);
  if (!answer.ok) throw new Error(`the sentences of ${name} could not be loaded: ${answer.status}`);
  return answer.json();
}

/** The same as `use`, remembered for the next visit. */
export async function choose(tag) {
  await use(tag);
  browser.set("language", tag);
}

/** The tag of the present language: en or zh. */
export const language = () => current;

/** For Intl: the browser's own variant of the language where it has one, such as en-GB. */
export function locale() {
  return navigator.languages.find((tag) => tag.toLowerCase().startsWith(current)) ?? TAGS[current];
}

/**
 * The sentence `key`, or the key itself: {name} in it becomes facts.name, and facts.count chooses its plural form.
 * @param {Record<string, any>} facts
 */
export function t(key, facts = {}) {
  const plural = "count" in facts
    ? sentences[`${key}.${plurals.select(facts.count)}`] ?? sentences[`${key}.other`]
    : undefined;
  const sentence = plural ?? sentences[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
}

/** Whether there is a sentence `key`. */
export const hasSentence = (key) => key in sentences;

/** "F7, F8 and F9" in the user's language; in Chinese 、 stands between all of them, whatever they are. */
export const list = (things) =>
  current === "zh" ? things.join("、") : new Intl.ListFormat(locale(), { type: "conjunction" }).format(things);

/** What stands between a thing and what is said of it: "Cinema, Hall". */
export const comma = () => (current === "zh" ? "，" : ", ");
