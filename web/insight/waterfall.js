/** The order, depth and time of the spans of a trace, as the waterfall shows them. Times are in microseconds. */

/**
 * {rows, start, end, rootEnd}: a row for each span below its parent, {span, depth, offset, self, children}; `self` is
 * the time in which none of its children was at work. Spans whose parent has not come stand at the top.
 */
export function waterfall(spans) {
  const byId = new Map(spans.map((span) => [span.span_id, span]));
  const children = Map.groupBy(spans, ({ parent_id: parent }) => (byId.has(parent) ? parent : null));
  const early = (one, other) => one.started_at - other.started_at || (one.span_id < other.span_id ? -1 : 1);
  const start = Math.min(...spans.map((span) => span.started_at));
  const rows = [];
  const seen = new Set();
  const open = [...(children.get(null) ?? [])].sort(early).reverse().map((span) => ({ span, depth: 0 }));
  while (open.length) {
    const { span, depth } = open.pop();
    if (seen.has(span.span_id)) continue;
    seen.add(span.span_id);
    const below = [...(children.get(span.span_id) ?? [])].sort(early);
    rows.push({ span, depth, offset: span.started_at - start, self: selfTime(span, below), children: below.length });
    open.push(...below.reverse().map((each) => ({ span: each, depth: depth + 1 })));
  }
  const end = Math.max(...spans.map((span) => span.started_at + span.duration));
  return { rows, start, end, rootEnd: rows.length ? rows[0].span.started_at + rows[0].span.duration : end };
}

function selfTime(span, children) {
  let rest = span.duration;
  let done = span.started_at;
  for (const child of children) {
    const from = Math.max(done, child.started_at);
    const to = Math.min(span.started_at + span.duration, child.started_at + child.duration);
    if (to <= from) continue;
    rest -= to - from;
    done = to;
  }
  return rest;
}

const PAUSE = 0.06; // as wide as this part of the busy time is drawn whatever is longer than
const SHORT = 0.12; // this part of it

/**
 * A ruler on which the times at which nothing is at work are cut short: a buyer takes minutes to pay, the rooms some
 * milliseconds. `at(moment)` is its place from 0 to 1; `marks` are {part, offset}, offset since the first moment;
 * `pauses` are {part, width}.
 */
export function timeline(works) {
  const stretches = [];
  const append = (from, to, tolerance) => {
    const last = stretches.at(-1);
    if (last && from - last.to <= tolerance) last.to = Math.max(last.to, to);
    else stretches.push({ from, to });
  };
  const sorted = works.map(({ started_at: from, duration }) => [from, from + duration]).sort(([one], [other]) =>
    one - other
  );
  sorted.forEach(([from, to]) => append(from, to, 0));
  const busy = Math.max(1, stretches.reduce((sum, { from, to }) => sum + to - from, 0));
  stretches.splice(0).forEach(({ from, to }) => append(from, to, busy * SHORT));
  const pause = busy * PAUSE;
  const shown = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  const length = Math.max(1, shown + pause * (stretches.length - 1));
  let place = 0;
  for (const stretch of stretches) {
    stretch.place = place;
    place += stretch.to - stretch.from + pause;
  }
  const at = (moment) => {
    const stretch = stretches.findLast(({ from }) => from <= moment) ?? stretches[0];
    return Math.min(1, (stretch.place + Math.max(0, Math.min(moment, stretch.to) - stretch.from)) / length);
  };
  const start = stretches[0].from;
  const [first, ...later] = stretches;
  const marks = [
    ...ticks(shown).filter((each) => each <= first.to - start).map((each) => ({
      part: at(start + each),
      offset: each,
    })),
    ...later.map(({ from }) => ({ part: at(from), offset: from - start })),
  ];
  const pauses = later.map(({ place: end }) => ({ part: (end - pause) / length, width: pause / length }));
  return { at, marks, pauses };
}

/**
 * The marks of a ruler `width` pixels wide, each with its `text` and `isBefore`, whether that stands before its line:
 * none lies on another or sticks out. Where there is no room for it the text is "", and the line alone is left.
 */
export function labelled(marks, width, textOf, widthOf) {
  let free = 0; // from here on no text stands
  return [...marks].sort((one, other) => one.part - other.part).map((mark) => {
    const text = textOf(mark.offset);
    const [line, wide] = [mark.part * width, widthOf(text)];
    const isBefore = line + wide > width;
    const from = isBefore ? line - wide : line;
    if (from < free) return { ...mark, text: "", isBefore: false };
    free = from + wide;
    return { ...mark, text, isBefore };
  });
}

/** Round moments, at most six, between 0 and `length`: for the ruler above the bars. */
export function ticks(length) {
  const rough = Math.max(1, length) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? 10 * power;
  const found = [];
  for (let at = 0; at <= length; at += step) found.push(at);
  return found;
}
