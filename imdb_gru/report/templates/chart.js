// The chart of the text: lines from 0 or −1 to 1, bars of contributions below them, and a cursor at the selected word.

const LINES = { left: 34, right: 16, top: 8, height: 168, gap: 16, bars: 56, axis: 30 };
const DASHES = ["", "6 3", "2 3", "9 3 2 3"];

function makeSvg(tag, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (parent) parent.append(element);
  return element;
}

// Each line is {name, values, colour, width, dash}. Returns functions that move the cursor and find a timestep.
function drawChart(container, lines, bars, label, low = 0) {
  const { left, right, top, height, gap, axis } = LINES;
  const width = Math.max(container.clientWidth, 200);
  const count = bars.length;
  const floor = top + height + gap + LINES.bars;
  const x = (timestep) => left + ((timestep + 0.5) * (width - left - right)) / count;
  const y = (value) => top + ((1 - Math.max(low, Math.min(1, value))) / (1 - low)) * height;
  const svg = makeSvg("svg", { width, height: floor + axis, viewBox: `0 0 ${width} ${floor + axis}`, role: "img", "aria-label": label });
  for (const value of [low, (low + 1) / 2, 1]) {
    makeSvg("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), stroke: "var(--rule)" }, svg);
    makeSvg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, svg).textContent = String(value).replace("-", "−");
  }
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => ((width - left) / count) * each > 44) || 2000;
  for (let timestep = 0; timestep < count; timestep += step) {
    makeSvg("text", { x: x(timestep), y: floor + 14, "text-anchor": "middle" }, svg).textContent = String(timestep);
  }
  makeSvg("text", { x: (left + width - right) / 2, y: floor + 27, "text-anchor": "middle" }, svg).textContent = isBackward() ? "words read from the end" : "words read";
  drawBars(svg, bars, x, top + height + gap, Math.max(1, ((width - left - right) / count) * 0.8));
  makeSvg("line", { x1: left, x2: width - right, y1: floor - LINES.bars / 2, y2: floor - LINES.bars / 2, stroke: "var(--rule)" }, svg);
  // The first line is the most important one, so it is drawn last, on top of the others.
  for (const { name, values, colour: stroke, width: weight, dash } of [...lines].reverse()) {
    const points = values.map((value, timestep) => (value === null ? "" : `${x(timestep).toFixed(1)},${y(value).toFixed(1)}`));
    const shape = { points: points.join(" "), fill: "none", stroke, "stroke-width": weight, "stroke-dasharray": dash, "stroke-linejoin": "round" };
    makeSvg("polyline", { ...shape, "data-line": name }, svg);
  }
  const cursor = makeSvg("line", { y1: top, y2: floor, stroke: "var(--ink)", "stroke-width": 1, class: "cursor" }, svg);
  const dots = lines.map(({ colour: fill }) => makeSvg("circle", { r: 3.5, fill, stroke: "var(--paper)" }, svg));
  container.replaceChildren(svg);
  return {
    svg,
    move(timestep) {
      cursor.setAttribute("x1", x(timestep));
      cursor.setAttribute("x2", x(timestep));
      dots.forEach((dot, index) => {
        dot.setAttribute("cx", x(timestep));
        dot.setAttribute("cy", y(lines[index].values[timestep] ?? 0));
      });
    },
    find(event) {
      const at = event.clientX - svg.getBoundingClientRect().left;
      return Math.max(0, Math.min(count - 1, Math.floor(((at - left) / (width - left - right)) * count)));
    },
  };
}

function drawBars(svg, bars, x, top, thick) {
  const largest = Math.max(...bars.map((value) => Math.abs(value ?? 0))) || 1;
  const middle = top + LINES.bars / 2;
  bars.forEach((value, timestep) => {
    const size = (Math.abs(value ?? 0) / largest) * (LINES.bars / 2);
    const fill = value < 0 ? "var(--negative)" : "var(--positive)";
    makeSvg("rect", { x: x(timestep) - thick / 2, y: value < 0 ? middle : middle - size, width: thick, height: size, fill }, svg);
  });
}

// A short sample of a line, for a legend.
function drawSample(line) {
  const svg = makeSvg("svg", { viewBox: "0 0 22 8", "aria-hidden": "true" });
  makeSvg("line", { x1: 0, x2: 22, y1: 4, y2: 4, stroke: line.colour, "stroke-width": line.width, "stroke-dasharray": line.dash }, svg);
  return svg;
}
