/** A film's poster, drawn from its facts: the same film always has the same poster. Words are HTML, shapes are SVG. */

import { h, s } from "../dom.js";
import { GENRES, PATTERNS } from "./patterns.js";

// Ground, shape, second shape, ink: calm pairs that bear white or cream type.
const PALETTES = [
  ["#10243e", "#e8744f", "#f3c77a", "#fdf3e1"],
  ["#2b1533", "#d9487d", "#f7a072", "#fff0ea"],
  ["#0d2f2b", "#38a08a", "#e7d38a", "#f4f5e6"],
  ["#331017", "#c8313c", "#f0a35e", "#ffeede"],
  ["#1a1b3a", "#6f6fe0", "#f28cb1", "#f2effd"],
  ["#2a2310", "#d39a2c", "#f5e2a4", "#fff8e3"],
  ["#0e2a38", "#2f8fb8", "#f2d7a0", "#eef7fa"],
  ["#241c1a", "#a8674a", "#e9c9a2", "#fbf2ea"],
  ["#14301a", "#6aa84f", "#f2d45c", "#f4f8ea"],
  ["#1c1c22", "#8b93a7", "#e05d44", "#f6f4f0"],
  ["#3a1f0d", "#e07b28", "#ffd27a", "#fff4e2"],
  ["#1b1030", "#9a4fd1", "#5fd0c5", "#f4edfc"],
];
const TYPE = ["serif", "sans", "wide", "serif"];

function seed(text) {
  let hash = 26719; // a start under which the demo programme's posters differ most
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** A generator of numbers from 0 to 1, the same for the same `start` (xorshift32). */
function randomFrom(start) {
  let state = start || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const breadth = (text) => [...text].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1.6 : 1), 0);

const SMALLEST = 5.4; // percent of the poster's width: below, a word is broken rather than made smaller

const ROOM = 82; // percent of the poster's width for a line; its margins leave 84

// As style/films.css has them: the weight and family of a title, and the space between its letters in em.
const FACES = {
  serif: { weight: 500, family: "--serif", space: -0.02, guess: 0.62 },
  sans: { weight: 700, family: "--sans", space: -0.02, guess: 0.68 },
  wide: { weight: 800, family: "--sans", space: 0.03, guess: 0.88 },
};

let ruler; // null where text can't be measured

/** How wide a word of a title is in em: by this browser's own font or, where that can't be measured, by a guess. */
function wordWidth(word, type) {
  const { weight, family, space, guess } = FACES[type];
  ruler ??= document.createElement("canvas").getContext?.("2d") ?? null;
  if (!ruler) return guess * breadth(word);
  ruler.font = `${weight} 100px ${getComputedStyle(document.documentElement).getPropertyValue(family)}`;
  return ruler.measureText(type === "wide" ? word.toUpperCase() : word).width / 100 + space * [...word].length;
}

/** Percent of the poster's width: the longest word fits in a line, and long titles stay small. */
export function titleSize(title, type, widthOf = wordWidth) {
  const longest = Math.max(...(title.match(/[^\s-]+-?/g) ?? [title]).map((word) => widthOf(word, type)));
  const calm = Math.max(8.4, 26 - breadth(title) * 0.42);
  return Math.max(SMALLEST, Math.min(24, ROOM / longest, calm));
}

/** The poster's element; `film` is as the API gives it. */
export function poster(film) {
  const chance = randomFrom(seed(film.film_id));
  const [ground, one, other, ink] = PALETTES[Math.floor(chance() * PALETTES.length)];
  const [first, second] = chance() < 0.7 ? [one, other] : [other, one];
  const fitting = film.genres.flatMap((genre) => GENRES[genre] ?? []);
  const names = fitting.length ? fitting : Object.keys(PATTERNS);
  const draw = PATTERNS[names[Math.floor(chance() * names.length)]];
  const type = TYPE[Math.floor(chance() * TYPE.length)];
  const mirror = chance() < 0.5 ? "translate(200 0) scale(-1 1)" : null;
  const paper = h(
    "div",
    { class: `poster ${type}`, "aria-hidden": "true" },
    s(
      "svg",
      { viewBox: "0 0 200 300", preserveAspectRatio: "xMidYMid slice" },
      s("rect", { width: 200, height: 300, fill: ground }),
      s("g", { transform: mirror }, draw({ chance, first, second })),
    ),
    h("span", { class: "poster-title" }, film.title),
    h("span", { class: "poster-line" }, `${film.director}, ${film.year}`),
  );
  paper.style.setProperty("--size", `${Math.floor(titleSize(film.title, type) * 10) / 10}cqi`);
  paper.style.setProperty("--ink", ink);
  paper.style.setProperty("--ground", ground);
  return paper;
}
