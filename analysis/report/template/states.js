// Finds states by any of their names, filters the table, and shows the page of a state or a comparison of two.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[^\p{L}\p{N}]+/gu, " ").toLowerCase().trim();
const words = Object.fromEntries(Object.entries(states).map(([iso, s]) => [iso, plain(`${s.name} ${s.also} ${iso}`)]));
const search = document.getElementById("search");
const hits = document.getElementById("hits");
const table = document.getElementById("states");
const region = document.getElementById("by-region");
const level = document.getElementById("by-level");
let found = null;

/** States whose name, other name or code has a word that begins with the text; exact codes come first. */
const findStates = (text) => {
  const asked = plain(text);
  if (!asked) return [];
  const exact = (iso) => ` ${words[iso]} `.includes(` ${asked} `);
  return Object.keys(states)
    .filter((iso) => ` ${words[iso]}`.includes(` ${asked}`))
    .sort((a, b) => exact(b) - exact(a) || states[a].name.localeCompare(states[b].name, "en"));
};

const pickOut = (chosen) => {
  for (const [name, view] of Object.entries(views)) if (name.startsWith("positions-")) view.signal("shown", chosen ?? 0).runAsync();
  markPlaces(chosen);
};

const look = () => {
  const asked = plain(search.value);
  const named = findStates(asked);
  const inRegion = (key) => asked && plain(key.region).includes(asked);
  const fits = keys.map(
    (key) =>
      (!asked || named.includes(key.state) || inRegion(key)) &&
      (!region.value || key.region === region.value) &&
      (!level.value || key.levels.includes(level.value)),
  );
  rows.forEach((row, i) => (row.hidden = !fits[i]));
  const chosen = keys.filter((_, i) => fits[i]).map((key) => key.state);
  const all = chosen.length === keys.length;
  document.getElementById("count").textContent = all ? `${keys.length} states` : `${chosen.length} of ${keys.length} states`;
  found = all ? null : chosen;
  pickOut(found);
  hits.replaceChildren(...named.slice(0, 6).map((iso) => make("li", {}, make("a", { href: `#state=${iso}` }, states[iso].name))));
};

/** How two states answered the same resolutions: the share of equal answers, and where they differ most. */
const compareAnswers = (one, other, name) => {
  const { items, answers: given } = answers[name] ?? {};
  if (!given?.[one] || !given?.[other]) return null;
  const value = { n: 0, a: 1, y: 2 };
  const both = items
    .map((item, i) => ({ item, a: given[one][i], b: given[other][i] }))
    .filter(({ a, b }) => a !== "." && b !== ".");
  const apart = ({ a, b }) => Math.abs(value[a] - value[b]);
  const worst = both.filter(apart).sort((p, q) => apart(q) - apart(p) || q.item[2] - p.item[2]).slice(0, 8);
  return { share: both.filter((p) => p.a === p.b).length / both.length, count: both.length, worst };
};

/** What the model expects of a state, and how surprising its answer was. */
const tellExpected = (known) => {
  const told = `joins with probability ${Math.round(100 * known.expected[0])} %, judged by all other states`;
  const apart = known.guarantee === baseline ? "" : `; with its guarantee ${spread(known.with, 100, 0)} %, without one ${spread(known.without, 100, 0)} %`;
  return `${told}${apart}. ${known.surprise > 3 ? "Its answer was a surprise" : "Its answer was no surprise"} (${known.surprise} bits).`;
};

const tellCase = (iso, name, label) => {
  const known = states[iso].cases[name];
  const role = states[iso].roles[name] ?? ["", ""];
  if (!known) return [[label, role[0] || "not in this case"]];
  return [
    [`${label}: alignment`, known.alignment ? `${spread(known.alignment)}, number ${known.rank} in nearness to the US` : "cast no vote in these years"],
    [`${label}: guarantee`, known.level],
    [`${label}: joined`, `${known.joined}. ${role[0]}${role[1] ? ` (${role[1]})` : ""}`],
    ...(known.expected ? [[`${label}: expected`, tellExpected(known)]] : []),
  ];
};

const tellCommitments = (iso) =>
  states[iso].commitments.map(([name, start, end, source, confidence]) =>
    `${name}, ${start || "?"} to ${end || "now"}. Source: ${source || "not given"}${confidence ? `; confidence ${confidence}` : ""}.`);

const tableOf = (...parts) => {
  const made = make("table", {}, ...parts);
  labelCells(made);
  return made;
};

const showDifferences = (pair) =>
  Object.entries(labels).flatMap(([name, label]) => {
    const told = compareAnswers(...pair, name);
    if (!told) return [];
    const answer = { n: "no", a: "abstain", y: "yes" };
    const [one, other] = pair.map((iso) => states[iso].name);
    return [
      make("h4", {}, `Votes before ${label}: the same answer on ${Math.round(100 * told.share)} % of ${told.count}`),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Resolutions on which ${one} and ${other} differ most` },
        tableOf(
          make("caption", {}, "Resolutions on which they differ most; the most divided votes first"),
          make("thead", {}, make("tr", {}, ...["Resolution", "When", one, other].map((t) => make("th", { scope: "col" }, t)))),
          make("tbody", {}, ...told.worst.map(({ item, a, b }) =>
            make("tr", {}, make("th", { scope: "row" }, item[0]), ...[item[1], answer[a], answer[b]].map((t) => make("td", {}, t))))))),
    ];
  });

/** Fill the page of one state, or of two beside each other. */
const showStates = async (chosen) => {
  const place = document.getElementById("state-page");
  if (!place) return;
  const pair = chosen.filter((iso) => states[iso]).slice(0, 2);
  for (const [i, id] of ["state-one", "state-two"].entries()) document.getElementById(id).value = pair[i] ?? "";
  place.replaceChildren();
  if (!pair.length) return;
  const columns = pair.map((iso) => {
    const facts = [["Region", states[iso].region], ...Object.entries(labels).flatMap(([name, label]) => tellCase(iso, name, label))];
    const promises = tellCommitments(iso);
    facts.push(["US commitments", promises.length ? promises.join(" ") : iso === "USA" ? "" : "none since 1990"]);
    return make("div", {}, make("h4", {}, states[iso].name),
      make("dl", { class: "facts" }, ...facts.filter(([, text]) => text).map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text)))));
  });
  place.append(make("div", { class: "pair" }, ...columns));
  if (pair.some((iso) => states[iso].path.length)) {
    const chart = make("div", { class: "chart", "aria-hidden": "true" });
    const told = `Positions over the years of ${listPaths(pair).map((iso) => states[iso].name).join(", ")}`;
    place.append(make("div", { role: "img", "aria-label": told }, chart), listColours(listPaths(pair)));
    await embed(chart, { ...specs.paths, height: 240, datasets: { ...specs.paths.datasets, paths: pathRows(listPaths(pair)) } });
  }
  if (pair.length === 2) {
    const told = showDifferences(pair);
    place.append(...(told.length ? told : [make("p", { class: "missing" }, "A report made with roll calls at hand also lists the resolutions on which two states differ most (uv run sfl report).")]));
  }
};
const listPaths = (pair) => [...new Set([...pair, "USA"])].filter((iso) => states[iso].path.length);

const readAddress = () => (/^#state=([A-Z,]+)/.exec(location.hash)?.[1] ?? "").split(",").filter((iso) => states[iso]);
const setAddress = (chosen) => {
  history.replaceState(null, "", chosen.length ? `#state=${chosen.join(",")}` : "#positions");
  showStates(chosen);
};
const followAddress = async () => {
  const chosen = readAddress();
  if (!chosen.length) return;
  hits.replaceChildren();
  await showStates(chosen);
  document.getElementById("state").scrollIntoView();
};
const rows = table ? [...table.tBodies[0].rows] : [];
