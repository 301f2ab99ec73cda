"""The bundled script holds all it needs, and names the classes it runs."""

import ast
from collections import Counter

import pytest

from grunlp.exporting.runtime.main import Runtime
from grunlp.exporting.runtime.onnx_session import OnnxSession
from grunlp.exporting.runtime.pt2_session import TorchSession
from grunlp.exporting.script_bundler import bundle_script
from grunlp.tasks.classification.onnx_runtime_series import TimeSeriesClassifierRuntime
from grunlp.tasks.classification.onnx_runtime_text import TextClassifierRuntime
from grunlp.tasks.forecasting.onnx_runtime import ForecastRuntime
from grunlp.tasks.language_modeling.onnx_runtime import LanguageModelRuntime
from grunlp.tasks.seq2seq.onnx_runtime import Seq2SeqRuntime
from grunlp.tasks.srl.onnx_runtime import SRLRuntime
from grunlp.tasks.tagging.onnx_runtime import TaggerRuntime

RUNTIMES = (
    SRLRuntime,
    TaggerRuntime,
    TextClassifierRuntime,
    TimeSeriesClassifierRuntime,
    Seq2SeqRuntime,
    LanguageModelRuntime,
    ForecastRuntime,
)


def defined_names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


@pytest.mark.parametrize("session", [OnnxSession, TorchSession])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_script_is_complete(runtime: type[Runtime], session: type) -> None:
    text = bundle_script(session, runtime, "a title")
    assert f"    main({session.__name__}, {runtime.__name__})\n" in text
    tree = ast.parse(text)
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not any(str(module).startswith("grunlp") for module in imported)
    names = Counter(name for statement in tree.body for name in defined_names(statement))
    assert {runtime.__name__, session.__name__, "main"} <= names.keys()
    assert max(names.values()) == 1, f"defined twice: {[name for name, count in names.items() if count > 1]}"


def test_what_a_runtime_does_not_import_is_left_out() -> None:
    assert "class ViterbiDecoder" in bundle_script(OnnxSession, TaggerRuntime, "")
    assert "class ViterbiDecoder" not in bundle_script(OnnxSession, ForecastRuntime, "")
