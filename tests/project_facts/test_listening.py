"""Where what is started listens."""

import pytest
from made_facts import project

from auditor.project.facts.listening import listening


@pytest.mark.parametrize(
    ("command", "files", "env", "expected"),
    [
        ("gunicorn -b :80 a", {}, "", 80),
        ("gunicorn -b :$PORT a", {}, "", None),
        ("node app.js", {"app.js": "app.listen(3000)"}, "", 3000),
        ("node app.js", {"app.js": "express().listen(process.env.PORT || 4000)"}, "", 4000),
        ("node app.js", {"app.js": "const port = process.env.PORT ?? '4000';\nserver.listen(port, () => {})"}, "", 4000),
        ("node app.js", {"app.js": "const port = process.env.PORT || 4000;\nserver.listen(port)"}, "PORT: 90", 90),
        ("node app.js", {"app.js": "const port = process.env.PORT || 4000;\nserver.listen(port)"}, "PORT: '${PORT}'", None),
        ("node app.js", {"app.js": "a.listen(1000); b.listen(2000)"}, "", None),
        ("node app.js", {"app.js": "// app.listen(3000)\napp.listen(config.port)"}, "", None),
        ("python app.py", {"app.py": "app.run(port=5001)"}, "", 5001),
        ("python app.py", {"app.py": "import os\napp.run(host='', port=int(os.environ.get('PORT', 5001)))"}, "", 5001),
        ("python app.py", {"app.py": "import os\napp.run(port=int(os.environ.get('PORT', 5001)))"}, "PORT: 7000", 7000),
        ("python app.py", {"app.py": "app.run()"}, "", None),
        ("celery -A a worker", {}, "", None),
    ],
)
def test_the_port(tmp_path, command, files, env, expected):
    compose = f"services:\n  web:\n    image: x\n    volumes: ['.:/srv']\n    command: {command}\n    environment: {{{env}}}\n"
    found = project(tmp_path, {"compose.yaml": compose, **files})
    (launch,) = found.facts.launches
    heard = listening(found, launch)
    assert (None if heard is None else heard.port) == expected
