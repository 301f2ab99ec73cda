// Frames of sentences: a predicate is picked by its button or its word, and then only its arcs are shown, next to the
// words. Picked again, or with Escape, all are shown.
"use strict";

/** Show only the lane of that name in a figure; null shows all. */
function pick(figure, name) {
  const drawing = figure.querySelector("svg.arcs");
  const lanes = [...drawing.querySelectorAll(".lane")];
  let hidden = 0;
  for (const lane of lanes) {
    const shown = name === null || lane.dataset.name === name;
    lane.setAttribute("transform", shown ? `translate(0 ${-hidden})` : "");
    lane.toggleAttribute("hidden", !shown);
    if (!shown) hidden += Number(lane.dataset.height);
  }
  const [left, top, width] = drawing.getAttribute("viewBox").split(" ");
  drawing.dataset.whole ??= drawing.getAttribute("height");
  const height = Number(drawing.dataset.whole) - hidden;
  drawing.setAttribute("height", height);
  drawing.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  for (const word of drawing.querySelectorAll(".predicate")) {
    word.classList.toggle("picked", word.dataset.name === name);
  }
  for (const button of figure.querySelectorAll("button.pick")) {
    const picked = button.closest("li").dataset.name === name;
    button.setAttribute("aria-pressed", picked);
    button.closest("li").classList.toggle("picked", picked);
  }
  const word = drawing.querySelector(".predicate.picked");
  if (word) bringIntoView(word, drawing.parentElement);
}

/** Sideways only, so that the page stays where it is. */
function bringIntoView(word, frame) {
  const [one, other] = [word, frame].map((element) => element.getBoundingClientRect());
  frame.scrollBy({ left: one.left + one.width / 2 - other.left - other.width / 2 });
}

function picked(figure) {
  return figure.querySelector("button.pick[aria-pressed=true]")?.closest("li").dataset.name ?? null;
}

document.addEventListener("click", (event) => {
  const figure = event.target.closest("figure.sentence");
  const chosen = event.target.closest("button.pick")?.closest("li") ?? event.target.closest("svg.arcs .predicate");
  if (figure && chosen) pick(figure, chosen.dataset.name === picked(figure) ? null : chosen.dataset.name);
});

document.addEventListener("keydown", (event) => {
  const figure = event.target.closest?.("figure.sentence");
  if (event.key === "Escape" && figure?.querySelector("button.pick")) pick(figure, null);
});
