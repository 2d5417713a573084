// Sorts tables and saves them as CSV.
const before = (a, b, sign) => {
  if (a === "" || b === "") return (a === "") - (b === ""); // empty cells stay last in both directions
  const numbers = [Number(a), Number(b)];
  return sign * (numbers.some(Number.isNaN) ? a.localeCompare(b, "en") : numbers[0] - numbers[1]);
};

/** On a phone a cell shows the heading of its column beside itself. */
const labelCells = (table) => {
  const headings = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  for (const row of table.tBodies[0].rows) for (const cell of row.cells) cell.dataset.label = headings[cell.cellIndex];
};
document.querySelectorAll("table").forEach((table) => table.tHead && labelCells(table));

for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => {
    const heading = button.closest("th");
    const table = button.closest("table");
    const up = heading.getAttribute("aria-sort") !== "ascending";
    table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const value = ({ cells }) => cells[heading.cellIndex].dataset.s ?? cells[heading.cellIndex].textContent;
    body.append(...[...body.rows].sort((a, b) => before(value(a), value(b), up ? 1 : -1)));
  });
}

for (const button of document.querySelectorAll(".save-table")) {
  button.addEventListener("click", () => {
    const table = button.parentElement.querySelector("table");
    const rows = [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
    offerText(`${table.caption.textContent.trim().slice(0, 40).replace(/\W+/g, "-").toLowerCase()}.csv`, asCsv(rows), "text/csv");
  });
}
