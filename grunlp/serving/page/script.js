// The page: what is typed and chosen goes to the server, what comes back is shown; the address keeps it.
import { kindOf } from "./kinds.js";
import { Problem, draw, models, stream } from "./server.js";

const WAIT = 300; // milliseconds without a key until it is shown
const LONGEST_LINK = 4000; // characters of a text that the address keeps
const TRIES = 5; // of a busy server

const at = (id) => document.getElementById(id);
const [form, text, model, other, results, status] = ["form", "text", "model", "other", "results", "status"].map(at);
let known = []; // the models of the server
let shown = {}; // records by model, for copying
let running = new AbortController(); // what is being asked
let timer = 0;

const chosen = (select) => known.find((one) => one.id === select.value);
const counted = (count, noun) => `${count} ${noun}${count === 1 || noun === "series" ? "" : "s"}`;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Ask the models for what is typed. */
async function show() {
  clearTimeout(timer);
  running.abort();
  running = new AbortController();
  const { signal } = running;
  keepAddress();
  if (!text.value.trim() && chosen(model)?.kind !== "language-model") return clear();
  const sides = [chosen(model), chosen(other)].filter(Boolean);
  shown = {};
  at("copy").disabled = true;
  at("stop").hidden = sides.every((side) => side.kind !== "language-model");
  const columns = sides.map((side) => column(side, sides.length > 1));
  status.textContent = "…";
  const said = await Promise.all(sides.map((side, i) => fill(columns[i], side, signal)));
  if (signal.aborted) return;
  at("stop").hidden = true;
  at("copy").disabled = !Object.keys(shown).length;
  status.textContent = said.join("; ");
}

function clear() {
  shown = {};
  at("copy").disabled = true;
  at("stop").hidden = true;
  results.replaceChildren(element("p", { class: "soft" }, "Type a text, or take an example."));
  status.textContent = "";
}

/** The place of a model's answer: the one that is there keeps its old answer until the new one comes. */
function column(side, named) {
  const articles = [...results.querySelectorAll("article")];
  const there = articles.find((article) => article.dataset.model === side.id);
  const article = there ?? element("article", { "data-model": side.id });
  article.setAttribute("aria-busy", "true");
  article.setAttribute("aria-label", side.id);
  article.querySelector("h2")?.remove();
  if (named) article.prepend(element("h2", {}, side.id));
  for (const old of [...results.children]) {
    if (old !== article && ![model.value, other.value].includes(old.dataset.model)) old.remove();
  }
  results.append(article);
  return article;
}

/** Fill a column; returns what to say of it. */
async function fill(article, side, signal) {
  for (let tries = 1; ; tries++) {
    try {
      const said = await (side.kind === "language-model" ? written : drawn)(article, side, signal);
      article.setAttribute("aria-busy", "false");
      return said;
    } catch (error) {
      if (signal.aborted) return "";
      const problem = error instanceof Problem ? error : new Problem("The page failed.", "Load it again.");
      if (!(error instanceof Problem)) console.error(error);
      complain(article, problem);
      if (problem.seconds === null || tries === TRIES) return problem.message;
      status.textContent = `${problem.message} ${problem.advice}`;
      await new Promise((done) => setTimeout(done, 1000 * problem.seconds));
      if (signal.aborted) return "";
    }
  }
}

function put(article, ...parts) {
  const heading = article.querySelector("h2");
  article.replaceChildren(...(heading ? [heading] : []), ...parts);
}

async function drawn(article, side, signal) {
  const { html, records } = await draw(side.id, text.value, signal);
  const template = document.createElement("template");
  template.innerHTML = html; // made by the server, which escapes every text
  put(article, template.content);
  shown[side.id] = records;
  return summary(side, article, records);
}

function summary(side, article, records) {
  const kind = kindOf(side);
  if (side.kind === "labeller") {
    const frames = records.reduce((sum, record) => sum + record.frames.length, 0);
    return `${counted(frames, "predicate")} in ${counted(records.length, kind.noun)}`;
  }
  if (side.kind === "classifier") return records.map((record) => record.label).join(", ");
  return counted(article.querySelectorAll("figure").length, kind.noun);
}

async function written(article, side, signal) {
  const prompt = text.value;
  const place = element("p", { class: "continued", dir: "auto" }, element("b", {}, prompt));
  put(article, element("figure", { class: "text" }, place));
  const options = { prompt };
  for (const name of ["length", "temperature", "seed"]) options[name] = at(name).valueAsNumber;
  let all = "";
  for await (const event of stream(side.id, options, signal)) {
    if (event.error) throw new Problem(event.error, event.what_to_do ?? "");
    all += event.piece ?? "";
    place.append(event.piece ?? "");
    shown[side.id] = [{ ...options, text: all }];
  }
  return `${counted([...all].length, "character")} written`;
}

function complain(article, problem) {
  const box = element("div", { class: "problem" });
  box.append(element("p", {}, problem.message), element("p", { class: "soft" }, problem.advice));
  put(article, box);
  article.setAttribute("aria-busy", "false");
}

/** The address tells what is shown, so that it can be sent to others. */
function keepAddress() {
  const query = new URLSearchParams();
  if (text.value && text.value.length <= LONGEST_LINK) query.set("text", text.value);
  if (model.value) query.set("model", model.value);
  if (other.value) query.set("with", other.value);
  history.replaceState(null, "", `?${query}`);
}

/** After another model was chosen: what its kind has on the page. */
function dress() {
  const side = chosen(model);
  const kind = kindOf(side);
  at("description").textContent = side?.description ?? "";
  at("hint").textContent = kind.hint;
  at("text-label").textContent = kind.label;
  at("upload").hidden = !kind.table;
  at("drawing-options").hidden = side?.kind !== "language-model";
  text.classList.toggle("table", kind.table);
  text.rows = kind.table ? 10 : 3;
  const examples = kind.examples.map((example) => element("button", { type: "button", dir: "auto" }, example));
  at("examples").replaceChildren(...examples);
  const others = known.filter((one) => one !== side && kindOf(one).table === kind.table);
  const kept = others.some((one) => one.id === other.value) ? other.value : "";
  other.replaceChildren(new Option("nothing", ""), ...others.map((one) => new Option(one.id, one.id)));
  other.value = kept;
  at("comparing").hidden = !others.length;
}

async function copy(content, button) {
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(content);
  } catch {
    copyBySelection(content); // pages that come by plain HTTP from elsewhere have no clipboard
  }
  status.textContent = "Copied.";
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = said), 1500);
}

function copyBySelection(content) {
  const field = element("textarea", { "aria-hidden": "true" });
  field.value = content;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

function copied() {
  const sides = Object.values(shown);
  return JSON.stringify(sides.length === 1 ? sides[0] : shown, null, 2);
}

text.addEventListener("input", () => {
  clearTimeout(timer);
  if (kindOf(chosen(model)).live) timer = setTimeout(show, WAIT);
});
text.addEventListener("keydown", (event) => {
  const sends = kindOf(chosen(model)).table ? event.ctrlKey || event.metaKey : !event.shiftKey;
  if (event.key === "Enter" && sends && !event.isComposing) {
    event.preventDefault();
    show();
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
model.addEventListener("change", () => {
  dress();
  show();
});
other.addEventListener("change", show);
at("examples").addEventListener("click", (event) => {
  if (!event.target.matches("button")) return;
  text.value = event.target.textContent;
  show();
});
at("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  event.target.value = ""; // so that the same file, changed, can be chosen again
  text.value = await file.text();
  show();
});
at("stop").addEventListener("click", () => {
  running.abort();
  at("stop").hidden = true;
  at("copy").disabled = !Object.keys(shown).length;
  for (const article of results.querySelectorAll("article")) article.setAttribute("aria-busy", "false");
  status.textContent = "Stopped.";
});
at("copy").addEventListener("click", () => copy(copied(), at("copy")));
at("link").addEventListener("click", () => {
  keepAddress();
  copy(location.href, at("link"));
});

async function start() {
  try {
    known = await models();
  } catch (error) {
    complain(results, error instanceof Problem ? error : new Problem("The page failed.", "Load it again."));
    return;
  }
  model.replaceChildren(...known.map((one) => new Option(one.id, one.id)));
  const query = new URLSearchParams(location.search);
  if (known.some((one) => one.id === query.get("model"))) model.value = query.get("model");
  dress();
  other.value = query.get("with") ?? "";
  if (other.selectedIndex < 0) other.value = "";
  text.value = query.get("text") ?? "";
  if (text.value) await show();
  else if (matchMedia("(pointer: fine)").matches) text.focus();
}

start();
