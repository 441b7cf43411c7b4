import os
from pathlib import PurePosixPath

from made_project import project

from auditor.runtime.environment import environment
from auditor.runtime.target import Start, Target, Variable

CODE = {"app.py": "import os\nos.environ['TOKEN']\nos.environ.get('MAYBE')\n", "requirements.txt": "flask\n"}


def given(root, target, caller, files=CODE):
    return environment(project(root, files), target, root, caller)


def test_nothing_of_the_shell_but_what_the_system_needs(tmp_path):
    caller = {
        "PATH": "/bin",
        "HOME": "/home/x",
        "LANG": "C",
        "LD_LIBRARY_PATH": "/opt/lib",
        "EDITOR": "vi",
        "AWS_SECRET": "s",
        "VIRTUAL_ENV": "/venv",
    }
    found = given(tmp_path, Target(start=Start(words=("python", "app.py"))), caller)
    assert found.variables == {"PATH": "/bin", "HOME": "/home/x", "LANG": "C", "LD_LIBRARY_PATH": "/opt/lib"}
    assert found.notes == ()


def test_what_the_project_reads_comes_from_the_caller_and_is_named_without_its_value(tmp_path):
    target = Target(start=Start(words=("python", "app.py")), required=(Variable(name="OTHER"),))
    found = given(tmp_path, target, {"PATH": "/bin", "TOKEN": "hush", "OTHER": "two", "FOREIGN": "three", "PORT": "1"})
    assert found.variables == {"PATH": "/bin", "TOKEN": "hush", "OTHER": "two"}
    assert found.notes == ("given from the environment of the caller, as the project reads them: OTHER, TOKEN",)


def test_what_the_start_gives_wins(tmp_path):
    target = Target(start=Start(words=("python", "app.py"), environment={"TOKEN": "of the file", "HOME": "/srv"}))
    found = given(tmp_path, target, {"PATH": "/bin", "TOKEN": "of the caller", "HOME": "/home/x"})
    assert found.variables == {"PATH": "/bin", "TOKEN": "of the file", "HOME": "/srv"}
    assert found.notes == ()


def test_programs_of_the_project_come_first(tmp_path):
    for name in ("api/.venv/bin", "node_modules/.bin"):
        (tmp_path / name).mkdir(parents=True)
    target = Target(start=Start(words=("gunicorn", "app:app"), folder=PurePosixPath("api")))
    found = given(tmp_path, target, {"PATH": "/bin"})
    assert found.variables["PATH"] == os.pathsep.join((f"{tmp_path}/api/.venv/bin", f"{tmp_path}/node_modules/.bin", "/bin"))


def test_node_runs_in_production_mode_unless_it_is_told_otherwise(tmp_path):
    found = given(tmp_path, Target(start=Start(words=("npm", "start"))), {"PATH": "/bin", "NODE_ENV": "development"})
    assert (found.variables["NODE_ENV"], found.notes) == ("production", ("NODE_ENV=production is given, as platforms do",))
    told = Start(words=("npm", "start"), environment={"NODE_ENV": "staging"})
    assert given(tmp_path, Target(start=told), {"PATH": "/bin"}).variables["NODE_ENV"] == "staging"
