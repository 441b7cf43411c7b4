"""What commands are for."""

import pytest

from auditor.checks.purposes import purpose


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pytest -q", "test"),
        ("poetry run python -m pytest", "test"),
        ("CI=1 npx vitest run", "test"),
        ("coverage run -m pytest", "test"),
        ("npm test", "test"),
        ("npm t", "test"),
        ("pnpm run test:unit", "test"),
        ("yarn build", "check"),
        ("npm run latest", ""),
        ("python3 ./manage.py test", "test"),
        ("go test ./...", "test"),
        ("go run ./test", ""),
        ("make test", "test"),
        ("make latest", "test"),
        ("mypy .", "check"),
        ("docker build .", "check"),
        ("docker ps", ""),
        ("echo pytest", ""),
        ("npm", ""),
        ("", ""),
    ],
)
def test_purposes(command, expected):
    assert purpose(tuple(command.split())) == expected
