// A picture of the view: the verdict, the coloured words, the curve, and the drawing of the level, as SVG or PNG.

const MARGIN = 24;

// Replace the page's CSS variables by their values, because they are not defined outside the page.
const resolve = (markup) => markup.replace(/var\((--[\w-]+)\)/g, (_, name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim());

function drawPicture() {
  const styles = getComputedStyle(document.body);
  const box = at("words").getBoundingClientRect();
  const svg = makeSvg("svg", { xmlns: "http://www.w3.org/2000/svg", "font-family": styles.fontFamily, "font-size": 16 });
  makeSvg("rect", { width: "100%", height: "100%", fill: styles.backgroundColor }, svg);
  let top = 14;
  const writeLine = (text, attributes = {}) => {
    top += 20;
    makeSvg("text", { x: MARGIN, y: top, fill: styles.color, ...attributes }, svg).textContent = text;
  };
  writeLine(`${data.facts.name}: ${at("verdict").textContent}`, { "font-weight": 650 });
  for (const hold of view.holds) writeLine(`held: ${describeHold(hold)}`, { "font-size": 13 });
  top += 14;
  drawWords(svg, box, top, styles.color);
  top += box.height + 10;
  if (view.level !== "review") writeLine(at(`level-${view.level}`).textContent + (view.level === "step" ? ` of unit ${view.unit} at word ${view.word}` : ""), { "font-size": 13 });
  for (const part of at("level").querySelectorAll("svg")) {
    if (part.closest(".legend")) continue;
    const { width, height } = part.getBoundingClientRect();
    const copy = part.cloneNode(true);
    for (const [name, value] of Object.entries({ x: MARGIN, y: top + 10, width, height, fill: styles.color, "font-size": 11 })) copy.setAttribute(name, value);
    const originals = part.querySelectorAll("*");
    copy.querySelectorAll("*").forEach((element, number) => inline(element, originals[number]));
    svg.append(copy);
    top += height + 16;
  }
  drawLegend(svg, top, styles.color);
  const [width, height] = [box.width + 2 * MARGIN, top + 34];
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) svg.setAttribute(name, value);
  return resolve(new XMLSerializer().serializeToString(svg));
}

// Draw the words at their positions on the page; a long word that is broken into lines is drawn on its first line.
function drawWords(svg, box, top, fill) {
  for (const word of words) {
    const [rect] = word.getClientRects();
    const [x, y] = [MARGIN + rect.left - box.left, top + rect.top - box.top];
    const size = parseFloat(getComputedStyle(word).fontSize);
    makeSvg("rect", { x, y, width: rect.width, height: rect.height, rx: 3, fill: word.style.backgroundColor || "none" }, svg);
    makeSvg("text", { x: x + 2, y: y + size * 1.14, fill, "font-size": size }, svg).textContent = word.textContent;
    if (word.classList.contains("held")) makeSvg("rect", { x, y: y + rect.height - 2, width: rect.width, height: 2, fill: "var(--green)" }, svg);
  }
}

function drawLegend(svg, y, fill) {
  let x = MARGIN;
  for (const item of at("level").querySelectorAll(".legend span")) {
    const line = item.querySelector("line").cloneNode();
    for (const [name, value] of Object.entries({ x1: x, x2: x + 22, y1: y + 14, y2: y + 14 })) line.setAttribute(name, value);
    svg.append(line);
    makeSvg("text", { x: x + 28, y: y + 18, fill, "font-size": 12 }, svg).textContent = item.textContent.trim();
    x += 50 + 7 * item.textContent.length;
  }
}

// Copy an element's styles from the page's style sheet into the element itself.
function inline(element, original) {
  const styles = getComputedStyle(original);
  for (const name of ["fill", "stroke", "stroke-width", "font-size"]) element.setAttribute(name, styles.getPropertyValue(name));
}

function save(blob, name) {
  const link = Object.assign(make("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  at("shared").textContent = `Saved as ${name}.`;
}

function saveSvg() {
  save(new Blob([drawPicture()], { type: "image/svg+xml" }), "imdb-gru.svg");
}

async function savePng() {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([drawPicture()], { type: "image/svg+xml" }));
  await image.decode();
  const canvas = Object.assign(make("canvas"), { width: 2 * image.width, height: 2 * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  canvas.toBlob((blob) => save(blob, "imdb-gru.png"));
}

async function copyLink() {
  const link = location.href.replace(/#.*/, "") + writeAddress();
  try {
    await navigator.clipboard.writeText(link);
    at("shared").textContent = "Copied.";
  } catch {
    at("shared").textContent = `Copy this address: ${link}`;
  }
}
