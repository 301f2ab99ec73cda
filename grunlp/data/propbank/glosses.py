"""What rolesets and roles are called, for a person to read."""

from typing import Any

from grunlp.data.propbank.frame_index import Index
from grunlp.data.propbank.rolesets import Rolesets, plain_role


def add_glosses(record: dict[str, Any], rolesets: Rolesets, index: Index) -> None:
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
            role = plain_role(argument["role"])
            gloss = entry["glosses"].get(role, "") if entry else ""
            argument["gloss"] = gloss or rolesets.function(frame["roleset"], role)
