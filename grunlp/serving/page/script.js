// The page: it sends the text to the chosen models, shows their predictions, and keeps both in the address.
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
const takesTable = (side) => side?.input_type === "table";

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
  if (!text.value.trim() && !chosen(model)?.page.streams) return clear();
  const sides = [chosen(model), chosen(other)].filter(Boolean);
  shown = {};
  at("copy").disabled = true;
  at("stop").hidden = sides.every((side) => !side.page.streams);
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
      const said = await (side.page.streams ? written : drawn)(article, side, signal);
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
  const { html, records, summary } = await draw(side.id, text.value, signal);
  const template = document.createElement("template");
  template.innerHTML = html; // made by the server, which escapes every text
  put(article, template.content);
  shown[side.id] = records;
  return summary;
}

async function written(article, side, signal) {
  const prompt = text.value;
  const place = element("p", { class: "continued", dir: "auto" }, element("b", {}, prompt));
  put(article, element("figure", { class: "text" }, place));
  const options = { prompt };
  for (const name of ["length", "temperature", "seed"]) options[name] = at(name).valueAsNumber;
  let all = "";
  for await (const event of stream(side.id, options, signal)) {
    if (event.error) throw new Problem(event.error, event.hint ?? "");
    all += event.piece ?? "";
    place.append(event.piece ?? "");
    shown[side.id] = [{ ...options, text: all }];
  }
  return `${[...all].length} characters written`;
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

/** Adapt the page to the chosen model. */
function dress() {
  const side = chosen(model);
  const page = side?.page ?? { hint: "", label: "Text", examples: [] };
  const isTable = takesTable(side);
  at("description").textContent = side?.description ?? "";
  at("hint").textContent = page.hint;
  at("text-label").textContent = page.label;
  at("upload").hidden = !isTable;
  at("drawing-options").hidden = !page.streams;
  text.classList.toggle("table", isTable);
  text.rows = isTable ? 10 : 3;
  const examples = page.examples.map((example) => element("button", { type: "button", dir: "auto" }, example));
  at("examples").replaceChildren(...examples);
  const others = known.filter((one) => one !== side && takesTable(one) === isTable);
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
  if (chosen(model)?.page.live) timer = setTimeout(show, WAIT);
});
text.addEventListener("keydown", (event) => {
  const sends = takesTable(chosen(model)) ? event.ctrlKey || event.metaKey : !event.shiftKey;
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
