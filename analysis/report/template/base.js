"use strict";
// What all scripts of the page share: its data, and how to make elements and write numbers. Nothing is fetched.
const SVG = "http://www.w3.org/2000/svg";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const [specs, keys, states, shapes, answers] = ["chart-specs", "state-keys", "state-data", "map-shapes", "vote-answers"].map(read);
const { labels, levels } = read("names");
const [baseline] = Object.keys(levels);

/** Make an element with attributes and children. Texts stay texts: no name can become markup. */
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const draw = (tag, attributes = {}, text = "") => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
};
const minus = (text) => String(text).replace("-", "\u2212");
/** A mean with its interval: 35 (21 to 49). */
const spread = ([mean, lower, upper], scale = 1, digits = 2) => {
  const [m, l, u] = [mean, lower, upper].map((value) => minus((scale * value).toFixed(digits)));
  return `${m} (${l} to ${u})`;
};

/** Unpack the library of charts, which the page carries within itself, and start it. */
const startVega = async () => {
  const bytes = Uint8Array.from(atob(document.getElementById("vega").textContent), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  document.head.append(make("script", {}, await new Response(unpacked).text()));
};
