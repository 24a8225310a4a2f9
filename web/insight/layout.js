/**
 * Where the nodes of the picture stand and how the arrows run: from the clients over the gateway and the rooms to what
 * these use. The same nodes and edges always give the same picture, so that it does not jump while figures change.
 */

const OUTSIDE = ["broker", "cache", "database", "provider", "mail"];
const NODE = { height: 56, most: 150 };
const PITCH = { node: 78, lane: 22 }; // between the middles of two nodes, and of two arrows that pass a column
const GAP = 46; // at least, between two columns
const LABEL = { gap: 64, box: 112 }; // as long as a node is no narrower than such a box
const SWEEPS = 8;

/**
 * Places for `nodes` ({name, kind}) and paths for `edges` ({caller, callee}) within `width`; `vertical`: from top to
 * bottom, for a narrow window. The result: {width, height, places, paths}; `places` has the box {x, y, width, height}
 * of each name, x and y its middle; `paths` has {caller, callee, d, label, isUse} for each edge.
 */
export function layout(nodes, edges, { width, vertical = false }) {
  const known = new Set(nodes.map(({ name }) => name));
  const arrows = edges.filter(({ caller, callee }) => caller !== callee && known.has(caller) && known.has(callee));
  const outside = new Set(nodes.filter(({ kind }) => OUTSIDE.includes(kind)).map(({ name }) => name));
  const isUse = ({ caller, callee }) => outside.has(caller) || outside.has(callee);
  const ranks = rank(nodes, arrows.filter((edge) => !isUse(edge)), outside);
  const columns = vertical ? wrapped(nodes, ranks, Math.max(1, Math.floor(width / 112))) : grouped(nodes, ranks);
  const lanes = vertical ? [] : passing(columns, arrows.filter((edge) => !isUse(edge)));
  sort(columns, arrows, lanes);
  const picture = vertical ? down(columns, width) : across(columns, width);
  const paths = new Router(picture, lanes, vertical).route(arrows);
  paths.forEach((path) => (path.isUse = isUse(path)));
  return { width, height: picture.height, places: onlyNodes(picture.places, known), paths };
}

const onlyNodes = (places, known) => new Map([...places].filter(([name]) => known.has(name)));

/** The rank of each node: 0 clients, 1 the gateway, then the rooms, each after all its callers, then what they use. */
function rank(nodes, calls, outside) {
  const callers = Map.groupBy(calls, ({ callee }) => callee);
  const ranks = new Map();
  const under = new Set(); // a circle of calls must not lead in a circle here
  const kinds = new Map(nodes.map(({ name, kind }) => [name, kind]));
  function of(name) {
    if (ranks.has(name)) return ranks.get(name);
    const kind = kinds.get(name);
    if (kind === "clients") return 0;
    if (kind === "gateway") return 1;
    if (under.has(name)) return 1;
    under.add(name);
    const found = Math.max(2, ...(callers.get(name) ?? []).map(({ caller }) => of(caller) + 1));
    under.delete(name);
    ranks.set(name, found);
    return found;
  }
  const inside = nodes.filter(({ name }) => !outside.has(name)).map(({ name }) => [name, of(name)]);
  const last = Math.max(1, ...inside.map(([, found]) => found)) + 1;
  return new Map([...inside, ...[...outside].map((name) => [name, last])]);
}

function grouped(nodes, ranks) {
  const byRank = Map.groupBy(nodes.map(({ name }) => name).sort(), (name) => ranks.get(name));
  return [...byRank.keys()].sort((one, other) => one - other).map((each) => byRank.get(each));
}

/** The same in lines of at most so many nodes. */
const wrapped = (nodes, ranks, most) =>
  grouped(nodes, ranks).flatMap((column) => {
    const lines = Math.ceil(column.length / most);
    return Array.from({ length: lines }, (_, at) =>
      column.slice(Math.ceil(at * column.length / lines), Math.ceil((at + 1) * column.length / lines)));
  });

/** A lane in each column that a call passes, so that no arrow runs behind a node as if it called that one. */
function passing(columns, calls) {
  const columnOf = new Map(columns.flatMap((column, at) => column.map((name) => [name, at])));
  const lanes = [];
  for (const { caller, callee } of calls) {
    for (let at = columnOf.get(caller) + 1; at < columnOf.get(callee); at++) {
      const name = `${caller} > ${callee} ${at}`;
      columns[at].push(name);
      lanes.push({ caller, callee, at, name });
    }
  }
  return lanes;
}

/** Order each column by where its neighbours stand, again and again, so that few arrows cross. */
function sort(columns, arrows, lanes) {
  const neighbours = new Map();
  const join = (one, other, weight) => {
    for (const [from, to] of [[one, other], [other, one]]) {
      neighbours.set(from, [...(neighbours.get(from) ?? []), [to, weight]]);
    }
  };
  const ways = Map.groupBy(lanes, ({ caller, callee }) => `${caller} ${callee}`);
  for (const { caller, callee } of arrows) {
    const stops = [caller, ...(ways.get(`${caller} ${callee}`) ?? []).map(({ name }) => name), callee];
    for (let at = 1; at < stops.length; at++) join(stops[at - 1], stops[at], stops.length > 2 ? 2 : 1);
  }
  const place = new Map();
  const note = (column) => column.forEach((name, at) => place.set(name, (at + 0.5) / column.length));
  columns.forEach(note);
  const wanted = (name) => {
    const near = neighbours.get(name) ?? [];
    const sum = near.reduce((total, [other, weight]) => total + place.get(other) * weight, 0);
    const weights = near.reduce((total, [, weight]) => total + weight, 0);
    return weights ? sum / weights : place.get(name);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      const wishes = new Map(column.map((name) => [name, wanted(name)]));
      column.sort((one, other) => wishes.get(one) - wishes.get(other) || (one < other ? -1 : 1));
      note(column);
    }
  }
}

const isLane = (name) => name.includes(" > ");
const slot = (name) => isLane(name) ? PITCH.lane : PITCH.node;

/** Columns from left to right; nodes spread over the height of the fullest. */
function across(columns, width) {
  const pitch = width / columns.length;
  const roomy = Math.max(pitch - LABEL.gap, Math.min(LABEL.box, pitch - GAP));
  const box = { width: Math.min(NODE.most, roomy), height: NODE.height };
  const heights = columns.map((column) => column.reduce((sum, name) => sum + slot(name), 0));
  const height = Math.max(PITCH.node, ...heights) + 8;
  const places = new Map();
  columns.forEach((column, at) => {
    const spare = (height - heights[at]) / (column.length + 1);
    let y = 0;
    for (const name of column) {
      y += spare + slot(name) / 2;
      // The first and the last column stand at the very sides.
      const x = columns.length === 1
        ? width / 2
        : box.width / 2 + 2 + at * (width - box.width - 4) / (columns.length - 1);
      places.set(name, { x, y, ...box });
      y += slot(name) / 2;
    }
  });
  const gap = columns.length === 1 ? GAP : (width - box.width - 4) / (columns.length - 1) - box.width;
  return { height, places, columns, gap };
}

/** Lines from top to bottom. */
function down(columns, width) {
  const most = Math.max(...columns.map((column) => column.length));
  const box = { width: Math.min(NODE.most, width / most - 14), height: NODE.height };
  const pitch = NODE.height + GAP;
  const places = new Map();
  columns.forEach((line, at) =>
    line.forEach((name, number) =>
      places.set(name, { x: (number + 0.5) * width / line.length, y: (at + 0.5) * pitch, ...box })
    )
  );
  return { height: columns.length * pitch, places, columns, gap: GAP };
}

/** Runs arrows from side to side; those that share a side of a node are spread over it. */
class Router {
  constructor({ places, columns, gap }, lanes, vertical) {
    this.places = places;
    this.gap = gap;
    this.ways = Map.groupBy(lanes, ({ caller, callee }) => `${caller} ${callee}`);
    this.columnOf = new Map(columns.flatMap((column, at) => column.map((name) => [name, at])));
    this.vertical = vertical;
  }

  route(arrows) {
    const ends = arrows.map((edge) => this.ends(edge));
    const sides = Map.groupBy(ends.flat(), ({ name, side }) => `${name} ${side}`);
    for (const side of sides.values()) {
      side.sort((one, other) => one.towards - other.towards || (one.name < other.name ? -1 : 1));
      const { width, height } = this.places.get(side[0].name);
      const step = Math.min(10, ((this.vertical ? width : height) - 20) / side.length);
      side.forEach((end, at) => (end.shift = (at - (side.length - 1) / 2) * step));
    }
    return arrows.map((edge, at) => ({ caller: edge.caller, callee: edge.callee, ...this.path(edge, ...ends[at]) }));
  }

  /** At which side of its caller and of its callee an arrow ends: 1 is that in the direction of the picture. */
  ends({ caller, callee }) {
    const steps = this.columnOf.get(callee) - this.columnOf.get(caller);
    const towards = (name) => this.vertical ? this.places.get(name).x : this.places.get(name).y;
    const stops = this.stops({ caller, callee });
    return [
      { name: caller, side: steps < 0 ? -1 : 1, towards: towards(stops[0] ?? callee), shift: 0 },
      { name: callee, side: steps > 0 ? -1 : 1, towards: towards(stops.at(-1) ?? caller), shift: 0 },
    ];
  }

  stops = ({ caller, callee }) => (this.ways.get(`${caller} ${callee}`) ?? []).map(({ name }) => name);

  /** Points are [along, across] the direction of the picture. */
  path(edge, from, to) {
    const start = this.point(from);
    const end = this.point(to);
    const curves = [];
    let here = start;
    for (const stop of this.stops(edge)) {
      const { x, y, width } = this.places.get(stop);
      curves.push(bend(here, [x - width / 2, y], 1, -1), straight([x + width / 2, y]));
      here = [x + width / 2, y];
    }
    const last = bend(here, end, from.side, to.side);
    curves.push(last);
    const lane = this.stops(edge).map((stop) => this.places.get(stop))[0];
    const label = lane ? [lane.x, lane.y] : before(here, last, this.gap / 2);
    const write = (point) => (this.vertical ? [point[1], point[0]] : point).map((each) => each.toFixed(1)).join(" ");
    return {
      d: `M${write(start)}${
        curves.map((points) => (points.length > 1 ? "C" : "L") + points.map(write).join(" ")).join("")
      }`,
      label: this.vertical ? { x: label[1], y: label[0] } : { x: label[0], y: label[1] },
    };
  }

  point({ name, side, shift }) {
    const { x, y, width, height } = this.places.get(name);
    return this.vertical ? [y + side * height / 2, x + shift] : [x + side * width / 2, y + shift];
  }
}

const straight = (to) => [to];

/** The control points of a curve that leaves and reaches its ends at right angles. */
function bend(from, to, leaving, arriving) {
  const reach = leaving === arriving ? 36 : Math.max(16, Math.abs(to[0] - from[0]) * 0.45);
  return [[from[0] + leaving * reach, from[1]], [to[0] + arriving * reach, to[1]], to];
}

/** The last point of a curve that is so far from its end, in the direction of the picture: it lies before a column. */
function before(from, curve, distance) {
  const [one, other, to] = curve;
  for (let t = 1; t > 0; t -= 0.02) {
    const [along, across] = [0, 1].map((at) =>
      (1 - t) ** 3 * from[at] + 3 * (1 - t) ** 2 * t * one[at] + 3 * (1 - t) * t ** 2 * other[at] + t ** 3 * to[at]
    );
    if (Math.abs(along - to[0]) >= distance) return [along, across];
  }
  return from;
}
