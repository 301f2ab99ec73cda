from grunlp.data.propbank.frame_index import RolesetEntry
from grunlp.data.propbank.rolesets import RolesetInventory, add_role_descriptions


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
