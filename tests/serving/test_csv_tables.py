"""CSV tables in requests: errors name the row, never a file or a command."""

from tests.serving.client import post
from tests.serving.conftest import Running


def test_a_malformed_row_is_named_without_its_file(served: Running) -> None:
    answer = post(served.port, "/models/loads/predict", {"text": "time,load\n2024-03-01,1\n2024-03-02,many\n"})
    assert answer.status == 422 and "row 2" in answer.json()["error"]


def test_hints_name_no_command(served: Running) -> None:
    answer = post(served.port, "/models/loads/predict", {"text": "a,b\nx,y\nz,w\n"})
    assert answer.status == 422 and "Type " not in answer.json()["hint"]
