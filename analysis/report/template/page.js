// Starts the page: draws, listens, and follows the address.
if (table) {
  for (const control of [search, region, level]) control.addEventListener("input", look);
  rows.forEach((row, i) => {
    row.addEventListener("pointerenter", () => pickOut([keys[i].state]));
    row.addEventListener("pointerleave", () => pickOut(found));
    row.cells[0].addEventListener("click", () => (location.hash = `state=${keys[i].state}`));
  });
}
search.addEventListener("keydown", (event) => {
  const [first] = findStates(search.value);
  if (event.key === "Enter" && first) location.hash = `state=${first}`;
  if (event.key === "Escape") hits.replaceChildren();
});
for (const id of ["state-one", "state-two"]) {
  document.getElementById(id)?.addEventListener("change", () =>
    setAddress(["state-one", "state-two"].map((each) => document.getElementById(each).value).filter(Boolean)),
  );
}

const contents = document.getElementById("contents");
const toggle = document.getElementById("contents-toggle");
const unfold = (open) => {
  contents.classList.toggle("open", open);
  toggle.setAttribute("aria-expanded", String(open));
};
toggle.addEventListener("click", () => unfold(!contents.classList.contains("open")));
contents.addEventListener("click", (event) => event.target.closest("a") && unfold(false));
const watcher = new IntersectionObserver(
  (seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      contents.querySelectorAll("[aria-current]").forEach((link) => link.removeAttribute("aria-current"));
      contents.querySelector(`a[href="#${target.id}"]`)?.setAttribute("aria-current", "true");
    }
  },
  { rootMargin: "-20% 0px -70% 0px" },
);
document.querySelectorAll("main > section").forEach((section) => watcher.observe(section));

addEventListener("hashchange", followAddress);
redrawMaps();
startVega().then(drawCharts).then(() => {
  if (picker) redrawYears();
  document.body.setAttribute("data-drawn", String(Object.keys(views).length));
  followAddress();
});
