"""How production starts, from all deployment files together."""

import pytest
from made_facts import commands, launches

IMAGE = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["gunicorn", "web:app"]\n'


def one(root, files):
    (launch,) = launches(root, files)
    return launch


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ('["gunicorn", "web:app"]', "gunicorn web:app"),
        ('["sh", "-c", "gunicorn web:app"]', "gunicorn web:app"),
        ("A=1 exec poetry run gunicorn web:app", "gunicorn web:app"),
        ('["/usr/bin/tini", "--", "gunicorn", "web:app"]', "gunicorn web:app"),
        ("uv run --no-dev gunicorn web:app", "gunicorn web:app"),
        ("./start.sh", "gunicorn -w 2 web:app"),
        ('["sh", "./start.sh"]', "gunicorn -w 2 web:app"),
        ("npm start", "node server.js"),
        ("yarn run serve", "node server.js"),
    ],
)
def test_a_command_is_followed_to_its_end(tmp_path, command, expected):
    files = {
        "Dockerfile": f"FROM x\nCOPY . .\nCMD {command}\n",
        "start.sh": "#!/bin/sh\nset -e\nexec gunicorn -w 2 \\\n  web:app\n",
        "package.json": '{"scripts": {"start": "npm run serve", "serve": "node server.js"}}',
    }
    launch = next(launch for launch in launches(tmp_path, files) if launch.tool in ("gunicorn", "node"))
    assert " ".join(launch.words) == expected
    assert (str(launch.place.path), launch.place.line) == ("Dockerfile", 3)


def test_branches_of_scripts(tmp_path):
    script = """
        case "$1" in
          dev) python manage.py runserver ;;
          prod) gunicorn web:app ;;
        esac
        if [ "$ENV" = "development" ]; then
          flask run
        fi
        unused() { uvicorn a:b; }
        """
    found = launches(tmp_path, {"Dockerfile": 'FROM x\nCOPY . .\nENTRYPOINT ["./run.sh"]\n', "run.sh": script})
    assert [(launch.tool, launch.certain) for launch in found] == [("gunicorn", False)]


def test_an_entry_point_that_hands_on_its_arguments(tmp_path):
    files = {"Dockerfile": 'FROM x\nCOPY . .\nENTRYPOINT ["./e.sh"]\nCMD ["gunicorn", "web:app"]\n', "e.sh": 'python manage.py migrate\nexec "$@"\n'}
    assert commands(tmp_path, files) == [("Dockerfile:3", "python manage.py migrate"), ("Dockerfile:4", "gunicorn web:app")]


def test_a_service_is_joined_with_the_image_it_builds(tmp_path):
    files = {
        "web/Dockerfile": IMAGE.replace("CMD", "ENV A=1 B=1\nEXPOSE 8000\nCMD"),
        "web/web.py": "",
        "compose.yaml": "services:\n  site:\n    build: ./web\n    environment:\n      B: 2\n    ports: ['80:8000']\n",
    }
    launch = one(tmp_path, files)
    assert (str(launch.place.path), launch.place.line, launch.kind, launch.name) == ("web/Dockerfile", 6, "compose", "site")
    assert launch.values == {"A": "1", "B": "2"}
    assert launch.opens is False
    assert [port.inner for port in launch.ports] == [8000, 8000]
    assert str(launch.bases[0]) == "web"


def test_an_image_that_nobody_builds_may_be_given_anything(tmp_path):
    assert one(tmp_path, {"Dockerfile": IMAGE}).opens is True


def test_a_command_of_the_service_replaces_that_of_the_image_which_stays_another_launch(tmp_path):
    files = {"Dockerfile": IMAGE, "compose.yaml": "services:\n  web:\n    build: .\n    command: flask run\n"}
    assert commands(tmp_path, files) == [("Dockerfile:4", "gunicorn web:app"), ("compose.yaml:4", "flask run")]


def test_variables_of_files(tmp_path):
    files = {"compose.yaml": "services:\n  web:\n    image: x\n    command: a\n    env_file: [conf/web.env]\n", "conf/web.env": "# one\nA=secret\n"}
    launch = one(tmp_path, files)
    assert [(item.name, item.value, str(item.place.path), item.place.line) for item in launch.variables] == [("A", None, "conf/web.env", 2)]
    assert launch.opens is False
    (tmp_path / "conf/web.env").unlink()
    assert one(tmp_path, {}).opens is True


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("WORKDIR /app\nCOPY . .\n", "."),
        ("WORKDIR /app\nCOPY backend .\n", "backend"),
        ("WORKDIR /app\nCOPY backend/ /app/\n", "backend"),
        ("WORKDIR /app\nCOPY . /app\nWORKDIR /app/backend\n", "backend"),
        ("WORKDIR /app/backend\nCOPY backend /app/backend\n", "backend"),
        ("WORKDIR /app\nCOPY backend /app/backend\n", "."),
        ("ENV HOME=/srv\nWORKDIR $HOME\nCOPY backend $HOME\n", "backend"),
        ("WORKDIR /app\nCOPY backend/web.py ./\n", "backend"),
    ],
)
def test_the_folder_of_the_project_that_the_working_directory_stands_for(tmp_path, image, expected):
    launch = one(tmp_path, {"Dockerfile": f"FROM x\n{image}CMD gunicorn web:app\n", "backend/web.py": ""})
    assert str(launch.bases[0]) == expected


def test_what_is_copied_from_another_stage(tmp_path):
    image = "FROM x AS build\nWORKDIR /src\nCOPY backend .\nFROM y\nWORKDIR /app\nCOPY --from=build /src /app\nCMD gunicorn web:app\n"
    assert str(one(tmp_path, {"Dockerfile": image, "backend/web.py": ""}).bases[0]) == "backend"


@pytest.mark.parametrize("name", ["Dockerfile.dev", "docker-compose.override.yml", "docker-compose.dev.yml", ".devcontainer/Dockerfile"])
def test_what_is_for_development_starts_nothing(tmp_path, name):
    text = IMAGE if "ocker" in name and "compose" not in name else "services:\n  web:\n    image: x\n    command: flask run\n"
    assert commands(tmp_path, {name: text}) == []


def test_a_compose_file_beside_one_for_production_is_what_developers_use(tmp_path):
    text = "services:\n  web:\n    image: x\n    command: {}\n"
    files = {"docker-compose.yml": text.format("flask run"), "docker-compose.prod.yml": text.format("gunicorn a")}
    assert commands(tmp_path, files) == [("docker-compose.prod.yml:4", "gunicorn a")]


def test_processes_of_a_procfile(tmp_path):
    found = launches(tmp_path, {"Procfile": "release: python manage.py migrate\nweb: gunicorn -w 3 web:app\n"})
    assert [(launch.kind, launch.name, launch.workers) for launch in found] == [("procfile", "release", None), ("procfile", "web", 3)]


def test_scripts_that_start_each_other_end(tmp_path):
    files = {"Dockerfile": "FROM x\nCOPY . .\nCMD ./a.sh\n", "a.sh": "./b.sh\n./b.sh\n", "b.sh": "./a.sh\n./a.sh\n"}
    assert len(launches(tmp_path, files)) < 200
