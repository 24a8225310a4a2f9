/**
 * The patterns of posters. Each takes {chance, first, second}, a random generator and two colours, and returns SVG that
 * fills 200 by 300 and leaves the upper left calm for the title.
 */

import { s } from "../dom.js";

const times = (count, make) => Array.from({ length: count }, (_, at) => make(at));
const circle = (cx, cy, r, attributes) => s("circle", { cx, cy, r, ...attributes });
const path = (d, attributes) => s("path", { d, ...attributes });

function orbits({ chance, first, second }) {
  const [x, y] = [70 + chance() * 90, 190 + chance() * 40];
  return s(
    "g",
    {},
    times(6, (ring) =>
      circle(x, y, 26 + ring * 22, {
        fill: "none",
        stroke: ring % 2 ? second : first,
        "stroke-width": 1.5 + chance() * 2,
        opacity: 0.9 - ring * 0.11,
        "stroke-dasharray": ring > 1 ? `${40 + chance() * 180} ${8 + chance() * 30}` : null,
      })),
    circle(x, y, 15, { fill: second }),
    circle(x + 60 * Math.cos(chance() * 6), y - 46, 6, { fill: first }),
  );
}

function horizon({ chance, first, second }) {
  const y = 205 + chance() * 25;
  const x = 60 + chance() * 80;
  return s(
    "g",
    {},
    circle(x, y, 52 + chance() * 14, { fill: second }),
    s("rect", { x: 0, y, width: 200, height: 300 - y, fill: first }),
    times(6, (line) =>
      s("rect", {
        x: 0,
        y: y + 6 + line * line * 2.6,
        width: 200,
        height: 1.5 + line * 0.5,
        fill: second,
        opacity: 0.55,
      })),
  );
}

function sunburst({ chance, first, second }) {
  const x = 100 + (chance() - 0.5) * 80;
  const rays = 9 + Math.floor(chance() * 5);
  return s(
    "g",
    {},
    times(rays, (ray) => {
      const [from, to] = [0, 0.5].map((more) => Math.PI * (1 + (ray + more) / rays));
      const at = (angle) => `${x + 320 * Math.cos(angle)} ${300 + 320 * Math.sin(angle)}`;
      return path(`M${x} 300L${at(from)}L${at(to)}Z`, { fill: first, opacity: 0.35 + 0.4 * (ray % 2) });
    }),
    circle(x, 300, 62, { fill: second }),
  );
}

function together({ chance, first, second }) {
  const [r, y] = [44 + chance() * 16, 200 + chance() * 20];
  return s(
    "g",
    {},
    circle(100 - r * 0.55, y, r, { fill: first, opacity: 0.92 }),
    circle(100 + r * 0.55, y, r, { fill: second, opacity: 0.82 }),
  );
}

function blinds({ chance, first, second }) {
  const lean = 20 + chance() * 50;
  return s(
    "g",
    {},
    times(9, (slat) => {
      const y = 128 + slat * 20;
      return path(`M0 ${y}L200 ${y - lean}V${y - lean + 9}L0 ${y + 9}Z`, { fill: first, opacity: 0.25 + slat * 0.08 });
    }),
    circle(140 + chance() * 30, 205, 24, { fill: second }),
  );
}

function doorway({ chance, first, second }) {
  const x = 96 + chance() * 40;
  return s(
    "g",
    {},
    path(`M${x} 130h46v170h-46z`, { fill: second }),
    path(`M${x} 300l-80 0l80 -74z`, { fill: first, opacity: 0.75 }),
    path(`M${x} 130l30 16v160l-30 -6z`, { fill: first }),
  );
}

function waves({ chance, first, second }) {
  const shift = chance() * 40;
  return s(
    "g",
    {},
    circle(60 + chance() * 90, 160, 30, { fill: second }),
    times(5, (wave) => {
      const y = 190 + wave * 24;
      const x = -60 + shift * (wave % 2 ? 1 : -1);
      return path(`M${x} ${y}q25 -22 50 0t50 0t50 0t50 0t50 0t50 0V320H${x}Z`, {
        fill: first,
        opacity: 0.3 + wave * 0.16,
      });
    }),
  );
}

function hills({ chance, first, second }) {
  return s(
    "g",
    {},
    circle(50 + chance() * 100, 165, 24, { fill: second }),
    times(3, (hill) => {
      const peak = 30 + chance() * 140;
      const y = 235 + hill * 24;
      return path(`M-20 ${y + 20}Q${peak} ${y - 80 + hill * 12} 220 ${y + 20}V310H-20Z`, {
        fill: first,
        opacity: 0.45 + hill * 0.25,
      });
    }),
  );
}

function confetti({ chance, first, second }) {
  return s(
    "g",
    {},
    times(46, (piece) => {
      const y = 135 + chance() * 160;
      const attributes = { fill: piece % 3 ? first : second, opacity: 0.35 + ((y - 135) / 160) * 0.65 };
      if (piece % 2) return circle(chance() * 200, y, 3 + chance() * 8, attributes);
      const side = 6 + chance() * 12;
      return s("rect", {
        x: chance() * 200,
        y,
        width: side,
        height: side,
        transform: `rotate(${chance() * 90} 100 ${y})`,
        ...attributes,
      });
    }),
  );
}

function arcs({ chance, first, second }) {
  const left = chance() < 0.5;
  return s(
    "g",
    {},
    times(7, (arc) =>
      circle(left ? 0 : 200, 300, 30 + arc * 27, {
        fill: "none",
        stroke: arc % 3 === 1 ? second : first,
        "stroke-width": 12,
        opacity: 1 - arc * 0.1,
      })),
  );
}

function city({ chance, first, second }) {
  return s(
    "g",
    {},
    circle(40 + chance() * 110, 170, 28, { fill: second }),
    times(9, (house) => {
      const height = 40 + chance() * 90;
      return s(
        "g",
        {},
        s("rect", {
          x: house * 23 - 4,
          y: 300 - height,
          width: 20,
          height,
          fill: first,
          opacity: 0.55 + 0.45 * (house % 2),
        }),
        times(3, (lamp) =>
          chance() < 0.6 && s("rect", {
            x: house * 23 + 1 + (lamp % 2) * 7,
            y: 310 - height + lamp * 13,
            width: 4,
            height: 6,
            fill: second,
          })),
      );
    }),
  );
}

function stairs({ chance, first, second }) {
  const steps = 6 + Math.floor(chance() * 3);
  const wide = 200 / steps;
  return s(
    "g",
    {},
    times(steps, (step) =>
      s("rect", {
        x: step * wide,
        y: 300 - (step + 1) * (150 / steps),
        width: wide + 0.5,
        height: 160,
        fill: first,
        opacity: 0.4 + (0.6 * step) / steps,
      })),
    circle(wide * (1 + Math.floor(chance() * 2)), 196, 17, { fill: second }),
  );
}

/** The patterns by name. */
export const PATTERNS = {
  orbits,
  horizon,
  sunburst,
  together,
  blinds,
  doorway,
  waves,
  hills,
  confetti,
  arcs,
  city,
  stairs,
};

/** The patterns that suit a genre. */
export const GENRES = {
  "Science Fiction": ["orbits", "horizon", "arcs"],
  Romance: ["together", "waves"],
  Drama: ["doorway", "stairs", "hills", "city"],
  Thriller: ["blinds", "city"],
  Crime: ["blinds", "city"],
  Animation: ["hills", "confetti", "waves"],
  Fantasy: ["waves", "orbits", "hills"],
  Action: ["sunburst", "blinds", "horizon"],
  Comedy: ["confetti", "arcs", "sunburst"],
  Family: ["confetti", "hills"],
};
