// Draws the charts, makes their downloads, and shows on a tap what hovering shows.
const views = {};

/** Replace the page's colours by what they are now, so that a chart looks the same outside the page. */
const fixColours = (text) =>
  text.replace(/var\((--[\w-]+)(?:,\s*var\((--[\w-]+)\))?\)/g, (_, name, other) => {
    const style = getComputedStyle(document.documentElement);
    return style.getPropertyValue(name).trim() || style.getPropertyValue(other ?? "--ink").trim();
  });

const offer = (name, address) => make("a", { href: address, download: name }).click();
const offerText = (name, text, kind) => {
  const address = URL.createObjectURL(new Blob([text], { type: kind }));
  offer(name, address);
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};

/** The SVG of a figure as text, on the page's background, with its caption inside. */
const drawFile = (svg, caption) => {
  const copy = svg.cloneNode(true);
  const box = svg.viewBox.baseVal;
  const [width, height] = box?.width ? [box.width, box.height] : [svg.clientWidth, svg.clientHeight];
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.setAttribute("font-family", "sans-serif");
  const paper = document.createElementNS(SVG, "rect");
  for (const [key, value] of Object.entries({ x: box?.x ?? 0, y: box?.y ?? 0, width, height, fill: "var(--paper)" }))
    paper.setAttribute(key, value);
  copy.prepend(paper);
  const told = document.createElementNS(SVG, "desc");
  told.textContent = `${caption} Source: ${document.body.dataset.run}.`;
  copy.prepend(told);
  return { text: fixColours(new XMLSerializer().serializeToString(copy)), width, height };
};

const savePng = (name, { text, width, height }) => {
  const image = new Image();
  image.onload = () => {
    const canvas = make("canvas", { width: 2 * width, height: 2 * height });
    canvas.getContext("2d").drawImage(image, 0, 0, 2 * width, 2 * height);
    offer(`${name}.png`, canvas.toDataURL("image/png"));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
};

const asCsv = (rows) =>
  rows.map((row) => row.map((cell) => (/[",\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell)).join(",")).join("\n") + "\n";

/** The numbers of a chart: its largest data set, without what only styles it. */
const listNumbers = (name) => {
  const sets = Object.entries(specs[name].datasets ?? {});
  if (name === "paths") sets.push(["paths", views.paths.data("paths")]);
  const rows = sets.map(([, data]) => data).sort((a, b) => a.length - b.length).pop();
  const style = /^(colour|fill|shape|spell|left|right|clear|label|text|row_order)$/;
  const columns = Object.keys(rows[0]).filter((key) => !style.test(key) && !key.startsWith("tip"));
  return [columns, ...rows.map((row) => columns.map((key) => row[key] ?? ""))];
};

const embed = async (place, spec) => {
  const options = { renderer: "svg", actions: false, defaultStyle: false, hover: true };
  const { view } = await vegaEmbed(place, spec, options);
  // The words around the chart describe it. A screen reader should not read every single mark.
  for (const part of [place, ...place.querySelectorAll("[role], [aria-label], [aria-roledescription]")])
    for (const name of ["role", "aria-label", "aria-roledescription"]) part.removeAttribute(name);
  return view;
};

const drawCharts = () =>
  Promise.all(
    Object.entries(specs).map(async ([name, spec]) => {
      views[name] = await embed(document.getElementById(`chart-${name}`), spec);
    }),
  );

/** A tap ends before Vega would show its box: tell it again where the finger was. */
document.addEventListener("click", (event) => {
  const tapped = event.pointerType === "touch" && event.target.closest?.(".chart");
  if (!tapped) return;
  const { clientX, clientY } = event;
  event.target.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX, clientY, pointerType: "mouse" }));
});

for (const tools of document.querySelectorAll("figure .tools")) {
  const figure = tools.closest("figure");
  const name = figure.id.replace(/^figure-/, "");
  const caption = () => figure.querySelector("figcaption").textContent.trim();
  const picture = () => drawFile(name === "maps" ? joinMaps() : figure.querySelector(".chart svg"), caption());
  tools.addEventListener("click", ({ target }) => {
    const kind = target.dataset.save;
    if (kind === "svg") offerText(`${name}.svg`, picture().text, "image/svg+xml");
    if (kind === "png") savePng(name, picture());
    if (kind === "csv") offerText(`${name}.csv`, asCsv(name === "maps" ? listMapped() : listNumbers(name)), "text/csv");
  });
}
