"""What rolesets and roles are called, for a person to read."""

from typing import Any

from grunlp.data.propbank.frame_index import RolesetIndex
from grunlp.data.propbank.rolesets import RolesetInventory, strip_role_prefix


def add_role_descriptions(record: dict[str, Any], rolesets: RolesetInventory, index: RolesetIndex) -> None:
    """Add the `sense` of each frame and the `gloss` of each argument to a record of the frames format.

    Args:
        record: of `sentence_record`; changed.
        rolesets: the model's; they know the functions of roles ("agent", "place").
        index: of the frame files, where the user has them: they tell more ("transfer", "giver").
    """
    for frame in record["frames"]:
        entry = index.get(frame["roleset"])
        frame["sense"] = entry["name"] if entry else ""
        for argument in frame["arguments"]:
            role = strip_role_prefix(argument["role"])
            gloss = entry["glosses"].get(role, "") if entry else ""
            argument["gloss"] = gloss or rolesets.role_description(frame["roleset"], role)
