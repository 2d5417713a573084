// Positions over the years: which states the chart shows.
const LINES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8c564b", "#7f7f7f"];
const picker = document.getElementById("years-picker");
let picked = picker ? picker.dataset.first.split(" ").filter((iso) => states[iso]?.path.length) : [];

/** Rows of the chart: a line breaks where a state cast no vote for more than two years. */
const pathRows = (chosen) =>
  chosen.flatMap((iso, i) => {
    let spell = 0;
    return states[iso].path.map(([year, mean, lower, upper], k, path) => {
      if (k && year - path[k - 1][0] > 2) spell += 1;
      const name = states[iso].name;
      return { year, mean, lower, upper, name, spell: `${iso}${spell}`, colour: LINES[i % LINES.length], tip: `${name}: ${spread([mean, lower, upper])}` };
    });
  });

const listColours = (chosen) =>
  make("ul", { class: "legend" }, ...chosen.map((iso, i) => make("li", {}, make("span", { class: "line", style: `background:${LINES[i % LINES.length]}` }), ` ${states[iso].name}`)));

const redrawYears = () => {
  views.paths?.data("paths", pathRows(picked)).runAsync();
  picker.querySelector("ul").replaceChildren(
    ...picked.map((iso, i) => {
      const button = make("button", { type: "button", "aria-label": `Remove ${states[iso].name}` }, states[iso].name, " ×");
      button.style.borderColor = LINES[i % LINES.length];
      button.addEventListener("click", () => {
        picked = picked.filter((other) => other !== iso);
        redrawYears();
      });
      return make("li", {}, button);
    }),
  );
};

if (picker) {
  const add = picker.querySelector("select");
  add.append(...Object.keys(states).filter((iso) => states[iso].path.length).sort((a, b) => states[a].name.localeCompare(states[b].name, "en"))
    .map((iso) => make("option", { value: iso }, states[iso].name)));
  add.addEventListener("change", () => {
    if (add.value && !picked.includes(add.value)) picked = [...picked, add.value].slice(-LINES.length);
    add.value = "";
    redrawYears();
  });
}
