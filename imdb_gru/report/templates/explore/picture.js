// A picture of the view: the verdict, the coloured words, the curve, and the drawing of the level, as SVG or PNG.

const MARGIN = 24;

// Replace the page's variables with their values, which a picture outside the page does not know.
const resolve = (markup) => markup.replace(/var\((--[\w-]+)\)/g, (_, name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim());

function drawPicture() {
  const styles = getComputedStyle(document.body);
  const box = at("words").getBoundingClientRect();
  const svg = makeSvg("svg", { xmlns: "http://www.w3.org/2000/svg", "font-family": styles.fontFamily, "font-size": 16 });
  makeSvg("rect", { width: "100%", height: "100%", fill: styles.backgroundColor }, svg);
  const caption = `${data.facts.name}: ${at("verdict").querySelector("b").textContent} ${fixed(reading.probabilities.at(-1), 4)}`;
  makeSvg("text", { x: MARGIN, y: 34, fill: styles.color, "font-weight": 650 }, svg).textContent = caption;
  let top = 56;
  for (const word of words) {
    for (const rect of word.getClientRects()) {
      const [x, y] = [MARGIN + rect.left - box.left, top + rect.top - box.top];
      makeSvg("rect", { x, y, width: rect.width, height: rect.height, rx: 3, fill: word.style.backgroundColor || "none" }, svg);
      makeSvg("text", { x: x + 2, y: y + rect.height * 0.72, fill: styles.color }, svg).textContent = word.textContent;
      break; // a long word that is broken into lines stands in its first line
    }
  }
  top += box.height + 20;
  for (const part of [at("curve").querySelector("svg"), at("level").querySelector("svg:not(.legend svg)")]) {
    if (!part) continue;
    const { width, height } = part.getBoundingClientRect();
    const copy = part.cloneNode(true);
    for (const [name, value] of Object.entries({ x: MARGIN, y: top, width, height, fill: styles.color, "font-size": 11 })) copy.setAttribute(name, value);
    const originals = part.querySelectorAll("*");
    copy.querySelectorAll("*").forEach((element, number) => inline(element, originals[number]));
    svg.append(copy);
    top += height + 20;
  }
  const width = box.width + 2 * MARGIN;
  for (const [name, value] of Object.entries({ width, height: top, viewBox: `0 0 ${width} ${top}` })) svg.setAttribute(name, value);
  return resolve(new XMLSerializer().serializeToString(svg));
}

// Write the styles that the page's style sheet gives to an element into the element.
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
