"""English inflection by rule, with the exceptions that this lexicon needs."""

VOWELS = "aeiou"
_BE = {"VB": "be", "VBN": "been", "VBG": "being"}
_DOUBLING = {"admit", "regret", "prefer", "forget", "begin", "refer"}  # stressed on the last of several syllables
_AN_PREFIXES = ("hour", "honest")  # a vowel is spoken, although none is written
_A_PREFIXES = ("uni", "use", "one", "euro")  # a consonant is spoken, although a vowel is written


def doubles_final_consonant(verb: str) -> bool:
    """Return whether the last consonant doubles before -ed and -ing: stop, plan, admit."""
    if verb in _DOUBLING:
        return True
    syllables = sum(a in VOWELS and b not in VOWELS for a, b in zip(verb, verb[1:] + "#", strict=True))
    short = len(verb) > 2 and verb[-1] not in VOWELS + "wxy" and verb[-2] in VOWELS and verb[-3] not in VOWELS
    return syllables == 1 and short


def add_s(word: str) -> str:
    """Return the plural of a regular noun, or the third person of a verb."""
    if word.endswith("y") and word[-2] not in VOWELS:
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def plural(noun: str) -> str:
    """Return `boxes` for `box`; the few words in -o that only take -s are listed."""
    return noun + "s" if noun in ("piano", "photo", "radio", "video", "kangaroo") else add_s(noun)


def regular_past(verb: str) -> str:
    """Return `opened` for `open`, `stopped` for `stop`, `carried` for `carry`."""
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in VOWELS:
        return verb[:-1] + "ied"
    return verb + (verb[-1] if doubles_final_consonant(verb) else "") + "ed"


def add_ing(verb: str) -> str:
    """Return `making` for `make`, `lying` for `lie`, `seeing` for `see`, `running` for `run`."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")):
        return verb[:-1] + "ing"
    return verb + (verb[-1] if doubles_final_consonant(verb) else "") + "ing"


def verb_form(lemma: str, past: str, participle: str, tag: str, agreement: str) -> str:
    """Return the form of a verb for a Penn tag (VB, VBG, VBN, VBD, or VBP for the present of any person)."""
    if lemma == "be":
        return _BE.get(tag) or _finite_be(tag, agreement)
    if tag == "VBP" and agreement == "singular":
        return "has" if lemma == "have" else add_s(lemma)
    return {"VB": lemma, "VBP": lemma, "VBD": past, "VBN": participle, "VBG": add_ing(lemma)}[tag]


def _finite_be(tag: str, agreement: str) -> str:
    if tag == "VBD":
        return "were" if agreement == "plural" else "was"
    return {"plural": "are", "I": "am", "singular": "is"}[agreement]


def article(following: str) -> str:
    """Return `a` or `an`, depending on the sound of the next word."""
    low = following.lower()
    heard = low.startswith(_AN_PREFIXES) or (low[0] in VOWELS and not low.startswith(_A_PREFIXES))
    return "an" if heard else "a"
