// What the page asks the server, and what it says when that fails. Addresses are relative: the server may stand behind
// a prefix.

/** Something to tell the person at the page: what is wrong, what to do, and after how many seconds to try again. */
export class Problem extends Error {
  constructor(wrong, advice, seconds = null) {
    super(wrong);
    this.advice = advice;
    this.seconds = seconds;
  }
}

const SAID = {
  413: ["This text is too long for the server.", "Show less of it at a time."],
  429: ["The server is busy.", "It is asked again in a moment."],
  503: ["The server is busy.", "It is asked again in a moment."],
};

/** `[{id, task, description, input_type, streams, page}]` */
export async function models() {
  return (await ask("models", {})).json();
}

/** `{html, records, summary}` of a text. */
export async function draw(model, text, signal) {
  const answer = await ask(`models/${encodeURIComponent(model)}/drawing`, { ...posted({ text }), signal });
  return answer.json();
}

/** The events of a text that is written on from a prompt, as they come: an object for each line. */
export async function* stream(model, options, signal) {
  const answer = await ask(`models/${encodeURIComponent(model)}/stream`, { ...posted(options), signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines) if (line.trim()) yield JSON.parse(line);
    if (done) return;
  }
}

function posted(body) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The server does not answer.", "Is it still running? Show asks again.");
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  const [wrong, advice] = SAID[answer.status] ?? ["The server cannot answer this.", "Try another text."];
  const busy = [429, 503].includes(answer.status);
  const seconds = busy ? Math.min(30, Number(answer.headers.get("Retry-After")) || 1) : null;
  throw new Problem(busy ? wrong : (body.error ?? wrong), busy ? advice : (body.hint ?? advice), seconds);
}
