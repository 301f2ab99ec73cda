"""The verb and its companions: tense, modals, auxiliaries (frames with only a V), negation, do-support."""

from dataclasses import dataclass, field, replace

from grunlp.data.toy.grammar.lexicon import SplitRandom
from grunlp.data.toy.grammar.morphology import verb_form
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, join, parse_tagged

VerbForms = tuple[str, str, str]
Auxiliary = tuple[VerbForms, str, str]  # its forms, its roleset, the tag it asks of the next verb
BE: VerbForms = ("be", "was", "been")
HAVE: VerbForms = ("have", "had", "had")
DO: VerbForms = ("do", "did", "done")
MODALS = {
    "present": ("can", "may", "must", "should", "might"),
    "past": ("could", "would"),
    "future": ("will",),
    "purpose": ("could", "would"),
}
CONTRACTED = {"will": "wo", "can": "ca"}
NEVER_CONTRACTED = ("may", "might", "am", "must")
FIRST_TAG = {"to": "VB", "bare": "VB", "imperative": "VB", "ing": "VBG", "reduced": "VBN"}


@dataclass
class VerbGroup:
    """The parts of a verb group, between which other words may be inserted."""

    tense: str  # past, present, future, perfect or none: the time that adjuncts may refer to
    passive: bool = False
    finite: Phrase = field(default_factory=Phrase)  # the part that is inverted with the subject, if any
    medial: Phrase = field(default_factory=Phrase)  # negation and adverbs
    main: Phrase = field(default_factory=Phrase)  # "to", further auxiliaries and the verb


@dataclass(frozen=True)
class ClauseContext:
    """The position of a clause, and the restrictions that follow from it.

    Args:
        depth: number of clauses that contain it.
        tense: past, present or future; any if empty.
        inverted: whether the subject follows an auxiliary.
        allow_opening_adjunct, allow_closing_adjunct: whether the clause may begin and end with an adjunct.
        excluded_adjuncts: labels of adjuncts that the clause may not have.
        no_auxiliaries: whether auxiliaries and negation are excluded.
    """

    depth: int = 0
    tense: str = ""
    inverted: bool = False
    allow_opening_adjunct: bool = False
    allow_closing_adjunct: bool = True
    excluded_adjuncts: tuple[str, ...] = ()
    no_auxiliaries: bool = False

    def without_closing_adjunct(self) -> "ClauseContext":
        """Return the same context without an adjunct at the end."""
        return replace(self, allow_closing_adjunct=False)


def make_verb_group(
    rng: SplitRandom,
    forms: VerbForms,
    form: str,
    predicate: Predicate,
    agreement: str,
    context: ClauseContext,
    flags: frozenset[str],
) -> VerbGroup:
    """Return the words of the verb group.

    The modal and the negation become roles of `predicate`, and the verb its word.

    Args:
        rng: makes the random choices.
        forms: the forms of the verb.
        form: as for `ClauseGenerator.verbal`.
        predicate: the frame of the verb.
        agreement: the agreement of the subject.
        context: the position of the clause.
        flags: the flags of the verb, and those of `passive`, `reduced`, `copula` and `mental` that apply.
    """
    finite = form == "finite"
    tense = context.tense or rng.choose_weighted(
        {"past": 7, "present": 2, "future": 0 if flags & {"state", "mental"} else 1.2}
    )
    modal, auxiliaries = "", _passive(flags)
    if not finite:
        tense = "future" if form == "imperative" else "none"
    else:
        modal, auxiliaries, tense = _auxiliaries(rng, not context.no_auxiliaries, tense, flags)
    negated = not context.no_auxiliaries and form != "reduced" and rng.chance(0.1 if finite else 0.05)
    bare = not modal and not auxiliaries
    if bare and ((finite and forms[0] != "be" and (context.inverted or negated)) or (form == "imperative" and negated)):
        auxiliaries = [(DO, "do.01", "VB")]
    words: list[Phrase] = []
    if modal:
        words.append(Phrase([Word(modal, "MD")]).with_constructions("modal"))
        predicate.add_role("ARGM-MOD", words[0])
    tag = "VB" if modal else FIRST_TAG.get(form, "VBD" if tense == "past" else "VBP")
    if finite and auxiliaries and auxiliaries[0][0] is HAVE and not modal:
        tag = rng.choose(("VBD", "VBP", "VBP"))
    for verb_forms, roleset, following in auxiliaries:
        word = _inflected(verb_forms, tag, agreement)
        words.append(Phrase([word], [Predicate([word], roleset)]))
        tag = following
    verb = _inflected(forms, tag, agreement)
    predicate.words.append(verb)
    words.append(Phrase([verb], [predicate]))
    split = finite and (len(words) > 1 or forms[0] == "be")
    group = VerbGroup(tense, "passive" in flags, words.pop(0) if split else Phrase())
    if form == "imperative" and len(words) > 1:
        group.finite = words.pop(0)
    group.main = (parse_tagged("to/TO") if form == "to" else Phrase()) + join(words)
    if negated:
        _negate(rng, group, predicate)
    return group


def _auxiliaries(
    rng: SplitRandom, allow_auxiliaries: bool, tense: str, flags: frozenset[str]
) -> tuple[str, list[Auxiliary], str]:
    """Return a modal or "", the auxiliaries with their rolesets and required forms, and the tense for the adjuncts."""
    modal = ""
    chain: list[Auxiliary] = []
    if tense in ("future", "purpose") or (allow_auxiliaries and rng.chance(0.3 if tense == "present" else 0.08)):
        modal = rng.choose(MODALS[tense])
    elif allow_auxiliaries and not flags & {"state", "copula"} and rng.chance(0.1):
        chain.append((HAVE, "have.01", "VBN"))
        tense = "perfect"
    often = 0.4 if tense == "present" else 0.1
    if allow_auxiliaries and not flags & {"state", "copula", "passive"} and not modal and rng.chance(often):
        chain.append((BE, "be.03", "VBG"))
    return modal, chain + _passive(flags), tense


def _passive(flags: frozenset[str]) -> list[Auxiliary]:
    return [(BE, "be.03", "VBN")] if "passive" in flags and "reduced" not in flags else []


def _inflected(forms: VerbForms, tag: str, agreement: str) -> Word:
    text = verb_form(*forms, tag, agreement)
    return Word(text, "VBZ" if tag == "VBP" and agreement == "singular" else tag)


def _negate(rng: SplitRandom, group: VerbGroup, predicate: Predicate) -> None:
    """Make `did not`, `did n't`, `wo n't`; without an auxiliary `not to go`."""
    group.medial = parse_tagged("not")
    if group.finite and group.finite.words[-1].text not in NEVER_CONTRACTED and rng.chance(0.45):
        word = group.finite.words[-1]
        word.text = CONTRACTED.get(word.text, word.text)
        group.finite, group.medial = group.finite + parse_tagged("n't"), Phrase()
        predicate.add_role("ARGM-NEG", group.finite.words[-1:])
    else:
        predicate.add_role("ARGM-NEG", group.medial)
    group.finite = group.finite.with_constructions("negation")
