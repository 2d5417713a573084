"use strict";
// Draws the charts, sorts the tables, and filters the states. It fetches nothing.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const specs = read("chart-specs");
  const keys = read("state-keys");
  const views = {};

  const options = { renderer: "svg", actions: false, defaultStyle: false, hover: true };
  const drawn = Object.entries(specs).map(async ([name, spec]) => {
    const place = document.getElementById(`chart-${name}`);
    views[name] = (await vegaEmbed(place, spec, options)).view;
    // The label of the chart describes it. A screen reader should not read every single mark.
    place.querySelectorAll("[role], [aria-label], [aria-roledescription]").forEach((mark) => {
      for (const name of ["role", "aria-label", "aria-roledescription"]) mark.removeAttribute(name);
    });
  });
  Promise.all(drawn).then(() => document.body.setAttribute("data-drawn", String(drawn.length)));

  const before = (a, b, sign) => {
    if (a === "" || b === "") return (a === "") - (b === ""); // empty cells stay last in both directions
    const numbers = [Number(a), Number(b)];
    return sign * (numbers.some(Number.isNaN) ? a.localeCompare(b, "en") : numbers[0] - numbers[1]);
  };
  for (const button of document.querySelectorAll("thead button")) {
    button.addEventListener("click", () => {
      const heading = button.closest("th");
      const table = button.closest("table");
      const up = heading.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const body = table.tBodies[0];
      const value = (row) => row.cells[heading.cellIndex].dataset.s;
      body.append(...[...body.rows].sort((a, b) => before(value(a), value(b), up ? 1 : -1)));
    });
  }

  const table = document.getElementById("states");
  if (!table) return;
  const rows = [...table.tBodies[0].rows];
  const search = document.getElementById("search");
  const region = document.getElementById("by-region");
  const level = document.getElementById("by-level");
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  let found = null;
  const pickOut = (states) => {
    for (const [name, view] of Object.entries(views)) {
      if (name.startsWith("positions-")) view.signal("shown", states ?? 0).runAsync();
    }
  };
  const look = () => {
    const words = plain(search.value.trim());
    const fits = keys.map(
      (key) =>
        plain(`${key.name} ${key.region} ${key.state}`).includes(words) &&
        (!region.value || key.region === region.value) &&
        (!level.value || key.levels.includes(level.value)),
    );
    rows.forEach((row, i) => { row.hidden = !fits[i]; });
    const chosen = keys.filter((_, i) => fits[i]).map((key) => key.state);
    document.getElementById("count").textContent =
      chosen.length === keys.length ? `${keys.length} states` : `${chosen.length} of ${keys.length} states`;
    found = chosen.length === keys.length ? null : chosen;
    pickOut(found);
  };
  for (const control of [search, region, level]) control.addEventListener("input", look);
  rows.forEach((row, i) => {
    row.addEventListener("pointerenter", () => pickOut([keys[i].state]));
    row.addEventListener("pointerleave", () => pickOut(found));
  });
})();
