"""An invented document in the formats of the three repositories of PropBank EWT, and those repositories on disk."""

import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

DOCUMENT = "letters/00/anna.xml"

# Two sentences; "cannot" is one word here and two tokens there, "quick" is tagged otherwise.
WORDS = """\
# newdoc id = letters-anna
# sent_id = letters-anna-0001
# text = Anna sent a quick note.
1	Anna	Anna	PROPN	NNP	_	2	nsubj	_	_
2	sent	send	VERB	VBD	_	0	root	_	_
3	a	a	DET	DT	_	5	det	_	_
4	quick	quick	ADJ	JJ	_	5	amod	_	_
5	note	note	NOUN	NN	_	2	obj	_	SpaceAfter=No
6	.	.	PUNCT	.	_	2	punct	_	_

# sent_id = letters-anna-0002
# text = Bo cannot read.
1	Bo	Bo	PROPN	NNP	_	3	nsubj	_	_
2	cannot	cannot	AUX	VBP	_	3	aux	_	_
3	read	read	VERB	VB	_	0	root	_	_
4	.	.	PUNCT	.	_	3	punct	_	_

# sent_id = letters-anna-0003
# text = He's happy.
1-2	He's	_	_	_	_	_	_	_	_
1	He	he	PRON	PRP	_	3	nsubj	_	_
2	's	be	AUX	VBZ	_	3	cop	_	_
3	happy	happy	ADJ	JJ	_	0	root	_	_
3.1	so	so	ADV	RB	_	_	_	_	_
4	.	.	PUNCT	.	_	3	punct	_	_

"""

SKELETON = """\
letters/00/anna.xml 0 0 [WORD] NNP (TOP(S(NP*) - - (ARG0*)
letters/00/anna.xml 0 1 [WORD] VBD (VP* send send.01 (V*)
letters/00/anna.xml 0 2 [WORD] DT (NP* - - (ARG1*
letters/00/anna.xml 0 3 [WORD] RB * - - *
letters/00/anna.xml 0 4 [WORD] NN *)) - - *)
letters/00/anna.xml 0 5 [WORD] . *)) - - *

letters/00/anna.xml 1 0 [WORD] NNP (TOP(S(NP*) - - (ARG0*)
letters/00/anna.xml 1 1 [WORD] MD (VP* - - (ARGM-MOD*)
letters/00/anna.xml 1 2 [WORD] RB * - - (ARGM-NEG*)
letters/00/anna.xml 1 3 [WORD] VB (VP*)) read read.01 (V*)
letters/00/anna.xml 1 4 [WORD] . *)) - - *

letters/00/anna.xml 2 0 [WORD] PRP (TOP(S(NP*) - - (ARG1*) (ARG0*)
letters/00/anna.xml 2 1 [WORD] VBZ (VP* be be.01 (V*) *
letters/00/anna.xml 2 2 [WORD] JJ (ADJP*)) happy happy.01 (ARG2*) (V*)
letters/00/anna.xml 2 3 [WORD] . *)) - - * *
"""

FRAMES = """\
<frameset><predicate lemma="send"><roleset id="send.01" name="give">
  <example name="plain" src=""><text>Anna sent a note .</text>
    <propbank><rel relloc="1">sent</rel>
      <arg type="ARG0" start="0" end="0">Anna</arg>
      <arg type="ARG1" start="2" end="3">a note</arg>
    </propbank></example>
</roleset></predicate></frameset>
"""


def write_tree(files: dict[str, bytes], folder: Path) -> Path:
    """The files as a checkout."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def pack(files: dict[str, bytes], path: Path, top: str) -> Path:
    """An archive as a public host makes it: everything in one folder, with files that are not used."""
    members = {f"{top}/{name}": content for name, content in {**files, "README.md": b"read me"}.items()}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(path, f"w:{path.suffix[1:]}") as archive:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, BytesIO(content))
    return path
