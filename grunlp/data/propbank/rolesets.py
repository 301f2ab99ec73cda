"""The rolesets that a word may have as a predicate: `gave` → give.01, give.LV, give_up.07, ...

A word is looked up in four steps:

1. its lower-cased form among the predicates of the training data, which are stored with their lemmas (`gave` → give);
2. otherwise the first lemma candidate of `grunlp.data.propbank.lemmatizer` that is such a form or a lemma (`texting`,
   `textin'` → text);
3. otherwise the most frequent known word that it could be a misspelling of (`influnced` → influence);
4. otherwise it is unknown, and the guess is the first sense of its first lemma candidate: `text.01`.

Lemmas are those of the corpus. In PropBank they are names of frame files, so that, for instance, `sure` belongs to
`ensure`.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from grunlp.data.propbank.frame_index import RolesetIndex
from grunlp.data.propbank.lemmatizer import lemma_candidates, lookup_with_fallback

_CANDIDATE_CACHE_SIZE = 100_000  # words whose candidates are kept

# Descriptions of PropBank's function tags of a numbered role (Bonial et al. 2014, "PropBank: Semantics of new predicate
# types", §2, and the guidelines that come with the frame files), and ArgM labels of an adjunct.
FUNCTION_TAG_DESCRIPTIONS = {
    "PAG": "agent",
    "PPT": "patient or theme",
    "GOL": "recipient or goal",
    "PRD": "attribute or result",
    "VSP": "further participant",
    "ADJ": "quality",
    "ADV": "circumstance",
    "CAU": "cause",
    "COM": "companion",
    "CXN": "compared",
    "DIR": "source or direction",
    "DIS": "discourse",
    "DSP": "direct speech",
    "EXT": "extent",
    "LOC": "place",
    "LVB": "light verb",
    "MNR": "manner",
    "MOD": "modal",
    "NEG": "negation",
    "PRP": "purpose",
    "PRR": "predicate of a light verb",
    "REC": "reciprocal",
    "SRC": "source",
    "TMP": "time",
}


@dataclass
class RolesetInventory:
    """The rolesets of a training corpus, and of the frame files if they are used.

    Args:
        lemmas: lower-cased predicate word → its lemmas, most frequent first.
        rolesets: lemma → its rolesets with their training counts, most frequent first, then by number.
        functions: roleset → numbered role → PropBank's function tag, if known: {"give.01": {"ARG0": "PAG"}}.

    Attributes:
        names: each roleset once; id 0 means unknown.
        counts: training count of each.
        particles: the distinct values of `particle_of`, the empty one first.
        particle_ids: index of the particle of each roleset.
        ids_by_word: the ids of each word of `lemmas` and of each lemma, most frequent first.
    """

    lemmas: dict[str, list[str]]
    rolesets: dict[str, dict[str, int]]
    functions: dict[str, dict[str, str]]
    names: list[str] = field(init=False)
    counts: list[int] = field(init=False)
    particles: list[str] = field(init=False)
    particle_ids: list[int] = field(init=False)
    ids_by_word: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        """Assign ids to the rolesets."""
        counts: Counter[str] = Counter()
        for inventory in self.rolesets.values():
            counts.update(inventory)
        self.names, self.counts = ["", *counts], [0, *counts.values()]
        self._ids = {name: i for i, name in enumerate(self.names)}
        particles = [particle_of(name) for name in self.names]
        self.particles = sorted(set(particles))
        self.particle_ids = [self.particles.index(particle) for particle in particles]
        # a roleset of several lemmas is named after that which has it most often
        pairs = [(n, name, lemma) for lemma, inventory in self.rolesets.items() for name, n in inventory.items()]
        self._lemma_by_roleset = {name: lemma for _, name, lemma in sorted(pairs)}
        lemmas = {lemma: [lemma] for lemma in self.rolesets} | self.lemmas
        self.ids_by_word = {form: ids for form in lemmas if (ids := self._ids_of_lemmas(lemmas[form]))}
        self._candidate_cache: dict[str, list[int]] = {}

    def _ids_of_lemmas(self, lemmas: list[str]) -> list[int]:
        ids = {self._ids[name] for lemma in lemmas for name in self.rolesets.get(lemma, {})}
        return sorted(ids, key=lambda i: (-self.counts[i], i))

    def as_dict(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {"lemmas": self.lemmas, "rolesets": self.rolesets, "functions": self.functions}

    def merged_with(self, other: "RolesetInventory") -> "RolesetInventory":
        """Return the union of these rolesets and those of `other`, with their counts added."""
        counter = RolesetCounter()
        for part in (self, other):
            for word, lemmas in part.lemmas.items():
                counter.lemmas.setdefault(word, Counter()).update(dict.fromkeys(lemmas, 0))
            for lemma, inventory in part.rolesets.items():
                counter.rolesets.setdefault(lemma, Counter()).update(inventory)
        merged = counter.build({})
        merged.functions = {**other.functions, **self.functions}
        return merged

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, name: str) -> int:
        """Return the id of a roleset; 0 if it is unknown."""
        return self._ids.get(name, 0)

    def candidates(self, word: str) -> list[int]:
        """Return ids of the rolesets that a word may have, most frequent first; none for an unknown word."""
        word = word.lower()
        if word not in self._candidate_cache:
            if len(self._candidate_cache) >= _CANDIDATE_CACHE_SIZE:
                self._candidate_cache.clear()
            self._candidate_cache[word] = lookup_with_fallback(word, self.ids_by_word, self.counts)
        return self._candidate_cache[word]

    def most_frequent(self, word: str) -> str:
        """Return the most frequent roleset of a word; the first sense of its first lemma candidate if it is unknown."""
        candidates = self.candidates(word)
        word = word.lower()
        return self.names[candidates[0]] if candidates else f"{(lemma_candidates(word) or [word])[0]}.01"

    def lemma(self, roleset: str) -> str:
        """Return the lemma of a roleset."""
        return self._lemma_by_roleset.get(roleset) or lemma_of(roleset)

    def frequency(self, lemma: str) -> int | None:
        """Return how often a lemma is a predicate in training; None if lemmas are not known."""
        return sum(self.rolesets.get(lemma, {}).values()) if lemma and len(self) > 1 else None

    def role_description(self, roleset: str, role: str) -> str:
        """Return a role's function in a word or two: "agent", "place"; empty if it is not known."""
        role = strip_role_prefix(role)
        tag = self.functions.get(roleset, {}).get(role) or role.rpartition("-")[2]
        return FUNCTION_TAG_DESCRIPTIONS.get(tag) or {"ARG0": "agent", "ARG1": "patient or theme"}.get(role, "")


def strip_role_prefix(role: str) -> str:
    """Return a role without its mark of a reference or continuation: R-ARG0 → ARG0."""
    return role.removeprefix("R-").removeprefix("C-")


class RolesetCounter:
    """A counter of the rolesets of a training corpus, one frame at a time."""

    def __init__(self) -> None:
        self.lemmas: dict[str, Counter[str]] = {}
        self.rolesets: dict[str, Counter[str]] = {}

    def add(self, word: str | None, lemma: str, roleset: str) -> None:
        """Count a frame of the training data, unless it has no roleset.

        Args:
            word: the predicate; None in `data.extra_train`, whose frames show which rolesets exist, but not how
                frequent they are, and often mark an auxiliary or particle.
            lemma: the lemma of the frame.
            roleset: the roleset of the frame.
        """
        if roleset:
            counts = self.rolesets.setdefault(lemma or lemma_of(roleset), Counter())
            counts[roleset] += word is not None
            if word is not None:
                self.lemmas.setdefault(word.lower(), Counter())[lemma or lemma_of(roleset)] += 1

    def build(self, frame_files: RolesetIndex) -> RolesetInventory:
        """Return the inventory of the counted rolesets, and of those only in the frame files with counts of 0."""
        for name, entry in frame_files.items():
            self.rolesets.setdefault(entry["lemma"], Counter())[name] += 0
            for alias in entry["aliases"]:
                self.lemmas.setdefault(alias.lower(), Counter())[entry["lemma"]] += 0
        return RolesetInventory(
            lemmas={word: [lemma for lemma, _ in counts.most_common()] for word, counts in sorted(self.lemmas.items())},
            rolesets={
                lemma: dict(sorted(counts.items(), key=lambda item: (-item[1], item[0].rpartition(".")[2], item[0])))
                for lemma, counts in sorted(self.rolesets.items())
            },
            functions={name: entry["functions"] for name, entry in frame_files.items() if entry["functions"]},
        )


def lemma_of(roleset: str) -> str:
    """Return the lemma in a roleset's name: `give_up.07` → give."""
    return roleset.rpartition(".")[0].partition("_")[0]


def particle_of(roleset: str) -> str:
    """Return the particle in a roleset's name: `give_up.07` → up; `give.LV` → LV; empty for a plain sense of a verb."""
    stem, _, number = roleset.rpartition(".")
    return stem.partition("_")[2] or ("" if number.isdigit() or not stem else number)


def add_role_descriptions(record: dict[str, Any], rolesets: RolesetInventory, index: RolesetIndex) -> None:
    """Add `sense_description` to each frame and `role_description` to each argument of a record of the frames format.

    Args:
        record: a record made by `srl_to_dict`, changed in place.
        rolesets: the inventory of the model, with the functions of roles ("agent", "place").
        index: the index of the frame files, with more precise descriptions ("transfer", "giver"), if the user has them.
    """
    for frame in record["frames"]:
        entry = index.get(frame["roleset"])
        frame["sense_description"] = entry["name"] if entry else ""
        for argument in frame["arguments"]:
            role = strip_role_prefix(argument["role"])
            description = entry["glosses"].get(role, "") if entry else ""
            argument["role_description"] = description or rolesets.role_description(frame["roleset"], role)
