from pathlib import PurePosixPath

from auditor.model import Place, span_of
from auditor.runtime.described import described
from auditor.runtime.target import Start


def told(start: Start) -> list[tuple[str, str]]:
    assert {piece.kind for piece in described(start)} == {"start"}
    return [(piece.title, piece.body) for piece in described(start)]


def test_the_command_comes_first_then_its_folder_its_source_and_the_reason() -> None:
    start = Start(
        words=("gunicorn", "-b", "127.0.0.1:{port}", "web:app"),
        folder=PurePosixPath("backend"),
        before=(("python", "manage.py", "migrate"),),
        place=Place(path=PurePosixPath("Procfile"), span=span_of(2)),
        why="the only web process",
    )
    assert told(start) == [
        ("command", "gunicorn -b '127.0.0.1:{port}' web:app"),
        ("folder", "backend"),
        ("from", "Procfile:2"),
        ("why", "the only web process"),
        ("before", "python manage.py migrate"),
    ]


def test_without_a_place_the_kind_of_source_is_told() -> None:
    assert told(Start(words=("./start.sh",))) == [("command", "./start.sh"), ("folder", "."), ("from", "config")]
    assert ("from", "Dockerfile") in told(Start(words=("x",), place=Place(path=PurePosixPath("Dockerfile"))))


def test_secrets_in_the_command_and_values_of_variables_are_not_shown() -> None:
    start = Start(words=("serve", "postgres://me:hunter22@db/x"), environment={"TOKEN": "hunter22"})
    assert "hunter22" not in str(told(start))
