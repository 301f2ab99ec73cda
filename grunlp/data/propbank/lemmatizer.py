"""Candidate lemmas of an inflected English word: from a list of irregular verbs or by spelling rules.

`fought` → fight; `stopped` → stop, stopp, stoppe; `organised` → organise, organize, organis. The word itself is not
among them. A list of known lemmas can decide between them; without one, the first is the best guess.
"""

import re
from collections.abc import Container, Mapping, Sequence
from string import ascii_lowercase

_VERBS = """
be:am,are,is,was,were,been do:did,done,does have:has,had
arise:arose,arisen awake:awoke,awoken bear:bore,borne beat:beaten become:became begin:began,begun bend:bent
bid:bade,bidden bind:bound bite:bit,bitten bleed:bled blow:blew,blown break:broke,broken breed:bred bring:brought
build:built burn:burnt buy:bought catch:caught choose:chose,chosen cling:clung come:came creep:crept deal:dealt dig:dug
draw:drew,drawn dream:dreamt drink:drank,drunk drive:drove,driven eat:ate,eaten fall:fell,fallen feed:fed feel:felt
fight:fought find:found flee:fled fling:flung fly:flew,flown forbid:forbade,forbidden forget:forgot,forgotten
forgive:forgave,forgiven freeze:froze,frozen get:got,gotten give:gave,given go:went,gone grind:ground grow:grew,grown
hang:hung hear:heard hide:hid,hidden hold:held keep:kept kneel:knelt know:knew,known lay:laid lead:led
lean:leant leap:leapt learn:learnt leave:left lend:lent lie:lain light:lit lose:lost make:made mean:meant meet:met
mislead:misled mistake:mistook,mistaken overcome:overcame oversee:oversaw,overseen overtake:overtook,overtaken
overthrow:overthrew,overthrown pay:paid plead:pled prove:proven rebuild:rebuilt repay:repaid retake:retook,retaken
rewrite:rewrote,rewritten ride:rode,ridden ring:rang,rung rise:rose,risen run:ran say:said see:saw,seen seek:sought
sell:sold send:sent shake:shook,shaken shine:shone shoot:shot show:shown shrink:shrank,shrunk sing:sang,sung
sink:sank,sunk sit:sat slay:slew,slain sleep:slept slide:slid sling:slung smell:smelt sow:sown speak:spoke,spoken
speed:sped spell:spelt spend:spent spill:spilt spin:spun spit:spat spring:sprang,sprung stand:stood steal:stole,stolen
stick:stuck sting:stung stink:stank,stunk stride:strode,stridden strike:struck,stricken string:strung
strive:strove,striven swear:swore,sworn sweep:swept swell:swollen swim:swam,swum swing:swung take:took,taken
teach:taught tear:tore,torn tell:told think:thought throw:threw,thrown tread:trod,trodden undergo:underwent,undergone
understand:understood undertake:undertook,undertaken undo:undid,undone uphold:upheld wake:woke,woken wear:wore,worn
weave:wove,woven weep:wept win:won wind:wound withdraw:withdrew,withdrawn withhold:withheld withstand:withstood
wring:wrung write:wrote,written
"""
_IRREGULAR = {
    form: base for base, _, forms in (entry.partition(":") for entry in _VERBS.split()) for form in forms.split(",")
}

_MAX_WORD_LENGTH = 40  # letters; nothing longer is an inflected word
_MIN_CORRECTABLE_LENGTH = 6  # letters; a slip turns shorter words into too many others

_TO_Y = re.compile(r"(.{2,})i(?:es|ed|er|est)")
_ADDED_K = re.compile(r"(.*[aeiouy].*ic)k(?:ed|ing|er)")  # mimicked, panicking
_DOUBLED = re.compile(r"(.*[aeiouy]([bdgklmnprt]))\2(?:ed|ing|er|est)")
_VERBAL = re.compile(r"(.*[aeiouy].*)(?:ed|ing|er|est)")
_SIBILANT = re.compile(r"(.*(?:s|x|z|ch|sh|o))es")
_PLURAL = re.compile(r"(.*[^su])s")
# Stems that usually have dropped an e: wip-, clos-, argu-, creat-, realiz-, handl-, forc-, emerg-.
_LOST_E = re.compile(
    r"[^aeiou]*[aeiouy][bdgklmnprt]|.*(?:[aeiouy][csvzu]|[^aeiou][cv]|[^aeious]u|at|iz|[bcdfgkpt]l|[lnr]g|dg|rs|ns)"
)
_BRITISH = re.compile(r"(.{3,}i)s(e|ation)")


def lemma_candidates(word: str) -> list[str]:
    """Return possible lemmas of a lower-cased word, most likely first; none for a word without inflection."""
    if len(word) > _MAX_WORD_LENGTH:
        return []
    if word in _IRREGULAR:
        return [_IRREGULAR[word]]
    candidates = []
    if match := _TO_Y.fullmatch(word):
        candidates.append(f"{match[1]}y")
    if match := _ADDED_K.fullmatch(word):
        candidates.append(match[1])
    if match := _DOUBLED.fullmatch(word):
        candidates.append(match[1])
    if match := _VERBAL.fullmatch(word):
        stem = match[1]
        candidates += [f"{stem}e", stem] if _LOST_E.fullmatch(stem) else [stem, f"{stem}e"]
    if match := _SIBILANT.fullmatch(word):
        candidates.append(match[1])
    if match := _PLURAL.fullmatch(word):
        candidates.append(match[1])
    for base in [word, *candidates]:
        if match := _BRITISH.fullmatch(base):
            candidates.append(f"{match[1]}z{match[2]}")
    return list(dict.fromkeys(base for base in candidates if len(base) > 1))


def lookup_forms(word: str) -> list[str]:
    """Return the forms to look up for a lower-cased word: itself, its lemmas, and those with a dropped g restored."""
    spoken = word.removesuffix("'")
    return [word, *lemma_candidates(word), *(lemma_candidates(f"{spoken}g") if spoken.endswith("in") else [])]


def lookup_with_fallback(word: str, entries: Mapping[str, list[int]], counts: Sequence[int]) -> list[int]:
    """Look up a lower-cased word: the word itself, another form of it, or its most frequent spelling correction.

    Args:
        word: the word.
        entries: the ids of each known form, most frequent first.
        counts: the frequency of each id.

    Returns:
        the ids; none for an unknown word.
    """
    found = [entries[form] for form in lookup_forms(word) if form in entries][:1]
    found = found or [entries[form] for form in spelling_corrections(word, entries)]
    return max(found, key=lambda ids: counts[ids[0]], default=[])


def spelling_corrections(word: str, vocabulary: Container[str]) -> list[str]:
    """Return the known words that a word could be a misspelling of: `influnced` → influenced; `lenght` → length.

    A misspelling has one letter too many or too few, or two swapped letters, after the first letter. Replaced letters
    are not considered: most words that differ by one letter are different words (`valley`, `volley`).
    """
    if not _MIN_CORRECTABLE_LENGTH <= len(word) <= _MAX_WORD_LENGTH:
        return []
    splits = [(word[:i], word[i:]) for i in range(1, len(word) + 1)]
    tried = {start + end[1:] for start, end in splits}
    tried |= {start + end[1] + end[0] + end[2:] for start, end in splits if len(end) > 1}
    tried |= {start + letter + end for start, end in splits for letter in ascii_lowercase}
    return sorted(other for other in tried if other in vocabulary)
