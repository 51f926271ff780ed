// Colours of values, and the strips that show a value for every unit.

const style = getComputedStyle(document.documentElement);
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).join(", ");
const NEGATIVE = rgb(style.getPropertyValue("--negative").trim());
const POSITIVE = rgb(style.getPropertyValue("--positive").trim());
const dark = matchMedia("(prefers-color-scheme: dark)");
const memoryColour = () => style.getPropertyValue("--memory").trim();

// The colour of a value: orange or blue from −1 to 1 (signed), grey from 0 to 1; transparent near zero.
function colour(value, signed, strongest) {
  const size = Math.min(Math.abs(value), 1) * strongest;
  const hue = signed ? (value < 0 ? NEGATIVE : POSITIVE) : memoryColour();
  return `rgba(${hue}, ${size.toFixed(3)})`;
}

// Decode the values of every unit at a timestep from base64, row by row; null if the page has only means.
function decodeUnits(quantity, units) {
  if (quantity.units === null) return () => null;
  const bytes = Uint8Array.from(atob(quantity.units), (char) => char.charCodeAt(0));
  const low = quantity.signed ? -1 : 0;
  return (timestep) =>
    Array.from(bytes.subarray(timestep * units, (timestep + 1) * units), (byte) => low + (byte / 255) * (1 - low));
}

function drawStrip(canvas, values, signed) {
  const width = Math.max(1, Math.floor((canvas.clientWidth * devicePixelRatio) / values.length)) * values.length;
  canvas.width = width;
  canvas.height = 1;
  const context = canvas.getContext("2d");
  values.forEach((value, unit) => {
    context.fillStyle = colour(value, signed, 1);
    context.fillRect((unit * width) / values.length, 0, width / values.length, 1);
  });
}

// Find the unit of a strip under the pointer.
function findUnit(canvas, event, units) {
  const box = canvas.getBoundingClientRect();
  return Math.max(0, Math.min(units - 1, Math.floor(((event.clientX - box.left) / box.width) * units)));
}
