/** Arithmetic of QR codes: the field of 256 elements, and the check bytes that Reed and Solomon make in it. */

const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);

for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = (value << 1) ^ (value & 128 ? 0x11d : 0);
}

const times = (one, other) => (one && other ? EXP[LOG[one] + LOG[other]] : 0);

function generator(degree) {
  let factors = [1];
  for (let root = 0; root < degree; root += 1) {
    const next = [...factors, 0];
    factors.forEach((factor, at) => { next[at + 1] ^= times(factor, EXP[root]); });
    factors = next;
  }
  return factors;
}

/** So many check bytes for these bytes. */
export function checkBytes(data, count) {
  const factors = generator(count);
  const rest = [...data, ...new Array(count).fill(0)];
  for (let at = 0; at < data.length; at += 1) {
    const lead = rest[at];
    factors.forEach((factor, step) => { rest[at + step] ^= times(factor, lead); });
  }
  return rest.slice(data.length);
}
