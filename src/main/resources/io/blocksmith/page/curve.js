// A line chart of a few hundred points as SVG: crisp at any size, coloured by the style sheet (so also in dark mode),
// and nothing is left behind when it is drawn again. Its figures stand beside it as text, which no stretching distorts.
import { element, mark, write } from "./dom.js";
import { count, number } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const HEIGHT = 1000;
const MOST_POINTS = 400;

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  return node;
}

/** An empty chart; {@link plot} draws into it. */
export function curve() {
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  const figure = element("figure", { class: "curve" },
    element("div", { class: "curve-y", "aria-hidden": "true" }, element("span"), element("span")), svg,
    element("div", { class: "curve-x", "aria-hidden": "true" }, element("span"), element("span", { class: "at" }), element("span")),
    element("figcaption"));
  svg.addEventListener("pointermove", event => point(figure, event));
  svg.addEventListener("pointerleave", () => {
    mark(figure, "data-at", null);
    write(figure.querySelector(".at"), figure.axis);
  });
  return figure;
}

const clean = points => (points ?? []).filter(([step, loss]) => Number.isFinite(step) && Number.isFinite(loss)).slice(-MOST_POINTS);

/**
 * Draws lines [{name, kind, points: [[step, loss]...]}] and a dashed reference {name, value}; `steps` is the end of the
 * axis where that is known before the points are. Returns whether there was anything to draw.
 */
export function plot(figure, { lines, reference, steps, subject }) {
  const drawn = lines.map(line => ({ ...line, points: clean(line.points) })).filter(line => line.points.length > 0);
  const plan = { drawn, reference: Number.isFinite(reference?.value) ? reference : null, steps };
  const signature = JSON.stringify(plan);
  if (figure.signature === signature) return drawn.length > 0;
  figure.signature = signature;
  figure.drawn = drawn;
  const svg = figure.querySelector("svg");
  const all = drawn.flatMap(line => line.points);
  if (all.length === 0) {
    svg.replaceChildren();
    write(figure.querySelector("figcaption"), "");
    return false;
  }
  const losses = all.map(([, loss]) => loss).concat(plan.reference ? [plan.reference.value] : []);
  const scale = scales(losses, all.map(([step]) => step), steps);
  figure.scale = scale;
  const parts = [1, 2, 3].map(quarter => shape("line", { class: "grid", x1: 0, x2: WIDTH, y1: HEIGHT * quarter / 4, y2: HEIGHT * quarter / 4 }));
  if (plan.reference) {
    const y = scale.y(plan.reference.value);
    parts.push(shape("line", { class: "reference", x1: 0, x2: WIDTH, y1: y, y2: y }));
  }
  for (const line of drawn) {
    const path = line.points.map(([step, loss]) => `${scale.x(step).toFixed(1)},${scale.y(loss).toFixed(1)}`);
    // One point alone would be no line at all.
    if (path.length === 1) path.push(`${Math.min(WIDTH, scale.x(line.points[0][0]) + 8).toFixed(1)},${path[0].split(",")[1]}`);
    parts.push(shape("polyline", { class: line.kind, points: path.join(" ") }));
  }
  svg.replaceChildren(...parts);
  label(figure, drawn, plan.reference, scale, subject);
  return true;
}

function scales(losses, steps, end) {
  const low = Math.min(...losses);
  const high = Math.max(...losses);
  const logarithmic = low > 0 && high > 20 * low;
  const measure = logarithmic ? Math.log : value => value;
  const from = measure(low);
  const room = (measure(high) - from || Math.abs(from) || 1) * 0.06;
  const first = end > 0 ? 0 : Math.min(...steps);
  const last = Math.max(end > 0 ? end : 0, ...steps);
  return {
    logarithmic, low, high, first, last,
    x: step => WIDTH * (step - first) / (last - first || 1),
    y: loss => HEIGHT * (1 - (measure(loss) - from + room) / (measure(high) - from + 2 * room || 1)),
  };
}

function label(figure, drawn, reference, scale, subject) {
  const [top, bottom] = figure.querySelector(".curve-y").children;
  write(top, number(scale.high));
  write(bottom, number(scale.low));
  const [first, at, last] = figure.querySelector(".curve-x").children;
  write(first, count(scale.first));
  write(last, count(scale.last));
  figure.axis = scale.logarithmic ? "step; log scale" : "step";
  if (!figure.hasAttribute("data-at")) write(at, figure.axis);
  const key = (kind, name) => element("span", { class: "key" }, element("span", { class: `stroke ${kind}`, "aria-hidden": "true" }), name);
  const names = drawn.map(line => key(line.kind, line.name));
  if (reference) names.push(key("reference", reference.name));
  figure.querySelector("figcaption").replaceChildren(...names);
  const words = drawn.map(({ name, points }) => `${name} from ${number(points[0][1])} at step ${count(points[0][0])} to `
    + `${number(points.at(-1)[1])} at step ${count(points.at(-1)[0])}`);
  if (reference) words.push(reference.name);
  mark(figure.querySelector("svg"), "aria-label", `${subject}: ${words.join("; ")}`);
}

/** The figures under the pointer. */
function point(figure, event) {
  if (!figure.scale || !figure.drawn?.length) return;
  const box = event.currentTarget.getBoundingClientRect();
  const { first, last } = figure.scale;
  const step = first + (last - first) * (event.clientX - box.left) / box.width;
  const nearest = points => points.reduce((best, each) => Math.abs(each[0] - step) < Math.abs(best[0] - step) ? each : best);
  const found = figure.drawn.map(line => ({ name: line.name, point: nearest(line.points) }));
  mark(figure, "data-at", true);
  write(figure.querySelector(".at"), `step ${count(found[0].point[0])}: ${found.map(({ point: [, loss] }) => number(loss)).join(" / ")}`);
}
