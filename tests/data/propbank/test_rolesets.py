"""Which senses a word may have, in which order, and what its roles are called."""

import pytest

from grunlp.data.propbank.frame_index import RolesetEntry
from grunlp.data.propbank.rolesets import RolesetCounter, RolesetInventory, add_role_descriptions, particle_of


def entry(lemma: str, *aliases: str, **functions: str) -> RolesetEntry:
    return RolesetEntry(lemma=lemma, name=f"to {lemma}", aliases=list(aliases), functions=functions, glosses={})


INDEX = {
    "give.01": entry("give", "give", "giving", ARG0="PAG", ARG2="GOL"),
    "give.02": entry("give", "give"),
    "ensure.01": entry("ensure", "ensure", "sure"),
    "sure.02": entry("sure", "sure"),
    "text.01": entry("text", "text"),
}


@pytest.fixture
def rolesets() -> RolesetInventory:
    counter = RolesetCounter()
    for word, roleset, times in (("gave", "give.02", 3), ("Gave", "give_up.07", 1), ("sure", "sure.02", 1)):
        for _ in range(times):
            counter.add(word, roleset.partition(".")[0].partition("_")[0], roleset)
    counter.add(None, "give", "give.99")
    counter.add("gave", "", "")
    return counter.build(INDEX)


def names(rolesets: RolesetInventory, word: str) -> list[str]:
    return [rolesets.names[i] for i in rolesets.candidates(word)]


def test_seen_forms_by_frequency_then_number(rolesets: RolesetInventory) -> None:
    assert names(rolesets, "GAVE") == ["give.02", "give_up.07", "give.01", "give.99"]
    assert rolesets.most_frequent("gave") == "give.02" and rolesets.frequency("give") == 4
    assert names(rolesets, "sure") == ["sure.02", "ensure.01"], "aliases count as forms"


def test_unseen_forms_by_their_bases(rolesets: RolesetInventory) -> None:
    assert names(rolesets, "texting") == ["text.01"] and names(rolesets, "gives") == names(rolesets, "give")
    assert names(rolesets, "zooming") == [] and rolesets.most_frequent("Zooming") == "zoom.01"
    assert rolesets.most_frequent("zebra") == "zebra.01"


def test_spoken_and_spelled_forms(rolesets: RolesetInventory) -> None:
    assert names(rolesets, "textin") == names(rolesets, "textin'") == ["text.01"]
    assert names(rolesets, "givin'") == names(rolesets, "giving") and rolesets.most_frequent("Berlin") == "berlin.01"


def test_slips_of_the_pen(rolesets: RolesetInventory) -> None:
    assert names(rolesets, "textting") == [], "one slip, and an ending"
    assert names(rolesets, "ensrue") == names(rolesets, "enssure") == names(rolesets, "esnure") == ["ensure.01"]
    assert names(rolesets, "givig") == [] and names(rolesets, "givign") == names(rolesets, "giving") != []
    assert rolesets.most_frequent("givign") == "give.02" and rolesets.most_frequent("insure") == "insure.01", (
        "a word of its own"
    )


def test_the_most_frequent_of_what_was_meant() -> None:
    counter = RolesetCounter()
    for word, times in (("abcxdef", 1), ("abcydef", 3), ("abcdeef", 2)):
        for _ in range(times):
            counter.add(word, word, f"{word}.01")
    assert names(counter.build({}), "abcdef") == ["abcydef.01"]


def test_rolesets_of_a_particle_are_a_family(rolesets: RolesetInventory) -> None:
    families = {name: rolesets.particles[rolesets.particle_ids[rolesets[name]]] for name in rolesets.names}
    assert families["give_up.07"] == "up" and families["give.01"] == families[""] == "" and rolesets.particles[0] == ""
    assert particle_of("make.LV") == "LV" and particle_of("put_up_with.09") == "up_with" and particle_of("odd") == ""


def test_lemmas_and_ids(rolesets: RolesetInventory) -> None:
    assert rolesets.lemma("give_up.07") == "give" and rolesets.lemma("zoom_in.01") == "zoom"
    assert rolesets["never.01"] == 0 and rolesets.names[rolesets["give.01"]] == "give.01"
    assert rolesets.counts[rolesets["give.02"]] == 3 and rolesets.counts[rolesets["give.99"]] == 0


def test_functions_of_roles(rolesets: RolesetInventory) -> None:
    assert rolesets.role_description("give.01", "ARG2") == "recipient or goal"
    assert rolesets.role_description("give.01", "R-ARG0") == "agent"
    assert rolesets.role_description("unknown.01", "ARGM-TMP") == "time"
    assert (
        rolesets.role_description("unknown.01", "ARG2") == "" and rolesets.role_description("unknown.01", "ARG1") != ""
    )


def test_two_together(rolesets: RolesetInventory) -> None:
    other = RolesetCounter()
    other.add("gave", "give", "give.02")
    other.add("chats", "chat", "chat.01")
    both = rolesets.merged_with(other.build({}))
    assert both.counts[both["give.02"]] == 4 and both.most_frequent("chatted") == "chat.01"
    assert both.functions == rolesets.functions and RolesetInventory(**both.as_dict()).names == both.names


def test_the_frame_files_tell_more_than_functions() -> None:
    rolesets = RolesetInventory({}, {"give": {"give.01": 1}}, {"give.01": {"ARG0": "PAG"}})
    index = {
        "give.01": RolesetEntry(lemma="give", name="transfer", aliases=[], functions={}, glosses={"ARG2": "given to"})
    }

    def described(index: dict[str, RolesetEntry]) -> tuple[str, list[str]]:
        roles = ["ARG0", "R-ARG2", "ARGM-TMP", "C-ARG0"]
        frame = {"roleset": "give.01", "arguments": [{"role": role} for role in roles]}
        add_role_descriptions({"frames": [frame]}, rolesets, index)
        return frame["sense_description"], [argument["role_description"] for argument in frame["arguments"]]  # type: ignore[return-value, index]

    assert described({}) == ("", ["agent", "", "time", "agent"])
    assert described(index) == ("transfer", ["agent", "given to", "time", "agent"])
