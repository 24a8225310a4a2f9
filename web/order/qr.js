/** A text as a QR code (ISO 18004): bytes, error correction M, versions 1 to 15. */

import { s } from "../dom.js";
import { checkBytes } from "./qr_field.js";

// By version: check bytes a block, then how many blocks of how many data bytes.
const BLOCKS = [
  [10, [1, 16]], [16, [1, 28]], [26, [1, 44]], [18, [2, 32]], [24, [2, 43]], [16, [4, 27]], [18, [4, 31]],
  [22, [2, 38], [2, 39]], [22, [3, 36], [2, 37]], [26, [4, 43], [1, 44]], [30, [1, 50], [4, 51]],
  [22, [6, 36], [2, 37]], [22, [8, 37], [1, 38]], [24, [4, 40], [5, 41]], [24, [5, 41], [5, 42]],
];
const MASKS = [
  (x, y) => (x + y) % 2 === 0, (x, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0, (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

const capacity = ([, ...groups]) => groups.reduce((sum, [count, size]) => sum + count * size, 0);

/** Rows of true (dark) and false. */
export function modules(text) {
  const bytes = [...new TextEncoder().encode(text)];
  const version = 1 + BLOCKS.findIndex((blocks, at) => capacity(blocks) >= bytes.length + (at < 9 ? 2 : 3));
  if (!version) throw new RangeError("too long for a QR code");
  const bits = stream(bytes, version);
  const drafts = MASKS.map((mask, number) => draft(version, bits, mask, number));
  return drafts.reduce((best, next) => (next.penalty < best.penalty ? next : best)).rows;
}

function stream(bytes, version) {
  const bits = [];
  const put = (value, length) => { for (let at = length - 1; at >= 0; at -= 1) bits.push((value >> at) & 1); };
  const blocks = BLOCKS[version - 1];
  const size = capacity(blocks) * 8;
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((byte) => put(byte, 8));
  put(0, Math.min(4, size - bits.length));
  while (bits.length % 8) bits.push(0);
  for (let pad = 0xec; bits.length < size; pad ^= 0xec ^ 0x11) put(pad, 8);
  const data = Array.from({ length: bits.length / 8 }, (_, at) => parseInt(bits.slice(at * 8, at * 8 + 8).join(""), 2));
  return interleave(data, blocks).flatMap((byte) => Array.from({ length: 8 }, (_, at) => (byte >> (7 - at)) & 1));
}

function interleave(data, [checks, ...groups]) {
  const blocks = [];
  let from = 0;
  for (const [count, size] of groups) {
    for (let block = 0; block < count; block += 1, from += size) blocks.push(data.slice(from, from + size));
  }
  const mix = (parts) => Array.from({ length: Math.max(...parts.map((part) => part.length)) },
    (_, at) => parts.map((part) => part[at])).flat().filter((byte) => byte !== undefined);
  return [...mix(blocks), ...mix(blocks.map((block) => checkBytes(block, checks)))];
}

function draft(version, bits, mask, number) {
  const size = 17 + 4 * version;
  const rows = Array.from({ length: size }, () => new Array(size).fill(null));
  const set = (x, y, dark) => { if (rows[y]?.[x] !== undefined) rows[y][x] = dark; };
  drawPatterns(version, size, set);
  drawFormat(number, size, set);
  if (version > 6) drawVersion(version, size, set);
  pour(rows, size, bits, mask);
  return { rows, penalty: penalty(rows, size) };
}

function drawPatterns(version, size, set) {
  const square = (cx, cy, reach, dark) => {
    for (let y = -reach; y <= reach; y += 1) {
      for (let x = -reach; x <= reach; x += 1) set(cx + x, cy + y, dark(Math.max(Math.abs(x), Math.abs(y))));
    }
  };
  for (let at = 0; at < size; at += 1) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, (ring) => ring !== 2 && ring !== 4);
  const places = alignment(version, size);
  for (const x of places) {
    for (const y of places) {
      const isFinder = (x === 6 && y === 6) || (x === 6 && y === size - 7) || (x === size - 7 && y === 6);
      if (!isFinder) square(x, y, 2, (ring) => ring !== 1);
    }
  }
}

function alignment(version, size) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, at) => size - 7 - step * at).reverse()];
}

function drawFormat(mask, size, set) {
  const data = mask; // error correction M is 00
  let rest = data;
  for (let at = 0; at < 10; at += 1) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = ((data << 10) | rest) ^ 0x5412;
  const bit = (at) => ((bits >> at) & 1) === 1;
  for (let at = 0; at < 6; at += 1) set(8, at, bit(at));
  set(8, 7, bit(6));
  set(8, 8, bit(7));
  set(7, 8, bit(8));
  for (let at = 9; at < 15; at += 1) set(14 - at, 8, bit(at));
  for (let at = 0; at < 8; at += 1) set(size - 1 - at, 8, bit(at));
  for (let at = 8; at < 15; at += 1) set(8, size - 15 + at, bit(at));
  set(8, size - 8, true);
}

function drawVersion(version, size, set) {
  let rest = version;
  for (let at = 0; at < 12; at += 1) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
  const bits = (version << 12) | rest;
  for (let at = 0; at < 18; at += 1) {
    const dark = ((bits >> at) & 1) === 1;
    const [far, near] = [size - 11 + (at % 3), Math.floor(at / 3)];
    set(far, near, dark);
    set(near, far, dark);
  }
}

/** The bits go up and down in columns of two, from the right; what has no bit left is light before it is masked. */
function pour(rows, size, bits, mask) {
  let next = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      for (const x of [right, right - 1]) {
        const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
        if (rows[y][x] !== null) continue;
        rows[y][x] = (bits[next] === 1) !== mask(x, y);
        next += 1;
      }
    }
  }
}

function penalty(rows, size) {
  const lines = [...rows, ...rows.map((_, x) => rows.map((row) => row[x]))];
  let sum = 0;
  for (const line of lines) {
    const text = line.map(Number).join("");
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
    sum += 40 * (text.match(/(?=10111010000|00001011101)/g) ?? []).length;
  }
  for (let y = 0; y < size - 1; y += 1) {
    for (let x = 0; x < size - 1; x += 1) {
      const dark = rows[y][x];
      if (dark === rows[y][x + 1] && dark === rows[y + 1][x] && dark === rows[y + 1][x + 1]) sum += 3;
    }
  }
  const dark = rows.flat().filter(Boolean).length;
  return sum + 10 * Math.floor(Math.abs((dark * 20) / size ** 2 - 10));
}

/** The code as a picture with its quiet zone, always dark on light. */
export function qrCode(text, label) {
  const rows = modules(text);
  const size = rows.length + 8;
  const d = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + 4} ${y + 4}h1v1h-1z` : ""))).join("");
  return s("svg", { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    s("rect", { width: size, height: size, fill: "#fff" }), s("path", { d, fill: "#000" }));
}
