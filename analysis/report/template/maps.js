// Draws the maps: tiles of equal size or outlines, one for each coalition, coloured by what the reader picks.
const SHADES = ["#dbe9f6", "#a8cee4", "#62a8d2", "#2a78b5", "#0b559f", "#08306b"];
const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9];
const TILE = 36;
const maps = document.getElementById("maps");

const breaks = (() => {
  const all = Object.values(states).flatMap((s) => Object.values(s.cases).map((c) => c.alignment?.[0]));
  const known = all.filter((v) => v !== undefined).sort((a, b) => a - b);
  return [1, 2, 3, 4, 5].map((k) => known[Math.floor((k * known.length) / SHADES.length)] ?? 0);
})();
/** Levels whose colour is dark enough for white letters. */
const DARK_LEVELS = ["pact", "nato"];
const shadeOf = (value, limits) => limits.filter((limit) => value >= limit).length;

/** The colour of a state, and that of letters on it. */
const paint = (iso, name, measure) => {
  if (iso === "USA") return ["var(--accent)", "var(--paper)"];
  const known = states[iso]?.cases[name];
  const none = ["var(--land)", "var(--muted)"];
  if (!known) return none;
  if (measure === "guarantee") return [`var(--level-${known.guarantee}, var(--level-other))`, DARK_LEVELS.includes(known.guarantee) ? "#fff" : "#111"];
  if (measure === "joined") return known.joined === "yes" ? [SHADES[4], "#fff"] : ["var(--unjoined)", "var(--ink)"];
  const value = known[measure]?.[0];
  if (value === undefined) return none;
  const shade = shadeOf(value, measure === "alignment" ? breaks : SHARES);
  return [SHADES[shade], shade > 2 ? "#fff" : "#111"];
};

const listLegend = (measure) => {
  if (measure === "guarantee") return Object.entries(levels).map(([k, name]) => [`var(--level-${k}, var(--level-other))`, name]);
  if (measure === "joined") return [[SHADES[4], "joined"], ["var(--unjoined)", "did not"]];
  const limits = measure === "alignment" ? breaks : SHARES;
  const show = (v) => (measure === "alignment" ? minus(v.toFixed(1)) : `${Math.round(100 * v)} %`);
  return SHADES.map((shade, i) => [
    shade,
    i === 0 ? `below ${show(limits[0])}` : i === limits.length ? `${show(limits[i - 1])} and more` : `${show(limits[i - 1])} to ${show(limits[i])}`,
  ]);
};

/** What is known of a state in a case, for the box beside the pointer. */
const tellState = (iso, name) => {
  const known = states[iso].cases[name];
  if (!known) return `${states[iso].name}${iso === "USA" ? ": leads both coalitions" : ": not in this case"}`;
  const parts = [known.alignment ? `alignment ${spread(known.alignment)}` : "no votes", known.level];
  parts.push(known.joined === "yes" ? "joined" : "did not join");
  if (known.expected) parts.push(`expected with probability ${Math.round(100 * known.expected[0])} %`);
  return `${states[iso].name}: ${parts.join("; ")}`;
};

const drawMap = (name, measure, form) => {
  const svg = draw("svg", { viewBox: form === "tiles" ? `0 0 ${27 * TILE} ${19 * TILE}` : "0 0 1012 440", class: "map", "data-case": name });
  if (form === "world") svg.append(draw("path", { d: shapes.other, fill: "var(--land)", stroke: "var(--paper)" }));
  for (const [iso, state] of Object.entries(states)) {
    const [fill, ink] = paint(iso, name, measure);
    const group = draw("g", { "data-state": iso, class: "place" });
    if (form === "tiles") {
      const [x, y] = state.tile.map((k) => k * TILE);
      group.append(draw("rect", { x: x + 1, y: y + 1, width: TILE - 2, height: TILE - 2, rx: 4, fill }));
      group.append(draw("text", { x: x + TILE / 2, y: y + TILE / 2 + 5, fill: ink, "text-anchor": "middle", "font-size": 14 }, iso));
    } else if (shapes[iso]) group.append(draw("path", { d: shapes[iso], fill, stroke: "var(--paper)", "stroke-width": 0.5 }));
    else group.append(draw("circle", { cx: state.at[0], cy: state.at[1], r: 5, fill, stroke: "var(--ink)", "stroke-width": 0.7 }));
    svg.append(group);
  }
  return svg;
};

const listMapped = () => [
  ["state", "name", "case", "alignment", "lower", "upper", "guarantee", "joined", "expected"],
  ...Object.entries(states).flatMap(([iso, s]) =>
    Object.entries(s.cases).map(([name, c]) => [iso, s.name, name, ...(c.alignment ?? ["", "", ""]), c.guarantee, c.joined, c.expected?.[0] ?? ""]),
  ),
];

/** All maps beside each other in one picture, each with its name. */
const joinMaps = () => {
  const drawn = [...maps.querySelectorAll("svg.map")];
  const { width, height } = drawn[0].viewBox.baseVal;
  const all = draw("svg", { viewBox: `0 0 ${width * drawn.length} ${height + 40}` });
  drawn.forEach((map, i) => {
    const copy = map.cloneNode(true);
    for (const [key, value] of Object.entries({ x: i * width, y: 40, width, height })) copy.setAttribute(key, value);
    all.append(draw("text", { x: i * width + 8, y: 26, "font-size": 22, fill: "var(--ink)" }, labels[map.dataset.case]), copy);
  });
  return all;
};

const redrawMaps = () => {
  if (!maps) return;
  const picked = (field) => maps.querySelector(`input[name=map-${field}]:checked`).value;
  for (const place of maps.querySelectorAll("[data-map]")) place.replaceChildren(drawMap(place.dataset.map, picked("measure"), picked("form")));
  maps.querySelector(".map-legend").replaceChildren(
    ...listLegend(picked("measure")).map(([fill, words]) => {
      const swatch = draw("svg", { viewBox: "0 0 12 12", width: 14, height: 14, class: "mark", "aria-hidden": "true" });
      swatch.append(draw("rect", { width: 12, height: 12, rx: 2, fill }));
      return make("li", {}, swatch, ` ${words}`);
    }),
    make("li", {}, "orange: the United States"),
  );
  markPlaces(found);
};

/** Fade all states but those that the search has found. */
const markPlaces = (chosen) => {
  for (const place of maps?.querySelectorAll(".place") ?? []) place.classList.toggle("faded", chosen !== null && !chosen.includes(place.dataset.state));
};

if (maps) {
  const tip = make("div", { id: "map-tip", role: "status", hidden: "" });
  document.body.append(tip);
  const show = (event) => {
    const place = event.target.closest?.(".place");
    tip.hidden = !place;
    if (!place) return;
    tip.textContent = tellState(place.dataset.state, place.closest("svg").dataset.case);
    tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
  };
  maps.addEventListener("pointermove", show);
  maps.addEventListener("pointerleave", () => (tip.hidden = true));
  maps.addEventListener("click", (event) => {
    const place = event.target.closest(".place");
    if (place) setAddress([place.dataset.state]);
    show(event);
  });
  addEventListener("scroll", () => (tip.hidden = true), { passive: true });
  maps.addEventListener("change", redrawMaps);
}
