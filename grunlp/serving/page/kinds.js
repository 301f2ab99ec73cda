// What the page shows for each kind of model.

const SENTENCES = [
  "She gave him a book, but he did not want to read it.",
  "The keys that my brother lost yesterday were in the car.",
  "Why did the committee decide to move the meeting to Friday?",
];

/** live: shown while one types; noun: what is counted; table: the text is rows of numbers. */
const KINDS = {
  labeller: { live: true, noun: "sentence", examples: SENTENCES, hint: "Frames come as you type." },
  tagger: {
    live: true,
    noun: "sentence",
    examples: ["Marie Curie moved from Warsaw to Paris in 1891.", ...SENTENCES.slice(1)],
    hint: "Tags come as you type.",
  },
  classifier: {
    live: true,
    noun: "text",
    examples: ["What a wonderful evening, thank you all!", "The second half was dull and far too long."],
    hint: "Classes come as you type.",
  },
  writer: {
    noun: "text",
    examples: ["Ein kleiner Hund läuft durch den Schnee.", "Zwei Frauen sitzen auf einer Bank und lachen."],
    hint: "Enter shows what is written for the text; Shift+Enter begins a new line.",
  },
  "language-model": {
    noun: "text",
    examples: ["Once upon a time", "The weather"],
    hint: "Enter writes on from the text; Shift+Enter begins a new line.",
    label: "Prompt",
  },
  forecaster: {
    noun: "series",
    table: true,
    examples: [],
    hint: "Paste CSV with the columns the model was trained on, or choose a file; Ctrl+Enter shows the forecast.",
    label: "Table",
  },
};

export function kindOf(model) {
  return { live: false, table: false, label: "Text", ...(KINDS[model?.kind] ?? { noun: "text", examples: [], hint: "" }) };
}
