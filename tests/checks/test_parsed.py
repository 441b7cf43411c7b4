"""Settings classes of pydantic: what is parsed before a validator runs, and which keys of a file are refused."""

import pytest
from made_judged import verdicts

HEAD = "from typing import Annotated\nfrom pydantic import BaseModel, Field, field_validator\nfrom pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict\n"
SPLIT = "    @field_validator('origins', mode={mode!r})\n    @classmethod\n    def split(cls, value):\n        return value.split(',')\n"


def outcomes(root, rule, code, files=None):
    base = {"requirements.txt": "pydantic-settings\n", "app/config.py": HEAD + code}
    return [outcome for _, outcome in verdicts(root, f"pydantic-settings/{rule}", {**base, **(files or {})})]


@pytest.mark.parametrize(
    ("base", "annotation", "mode", "expected"),
    [
        ("BaseSettings", "list[str]", "before", ["fail"]),
        ("BaseSettings", "set[str]", "before", ["fail"]),
        ("BaseSettings", "Annotated[list[str], NoDecode]", "before", ["pass"]),
        ("BaseSettings", "list[str] | str", "before", ["pass"]),
        ("BaseSettings", "list[str] | None", "before", ["pass"]),
        ("BaseSettings", "str", "before", ["pass"]),
        ("BaseSettings", "list[str]", "after", []),
        ("BaseModel", "list[str]", "before", []),
    ],
)
def test_validators_that_come_too_late(tmp_path, base, annotation, mode, expected):
    code = f"class Settings({base}):\n    origins: {annotation} = []\n" + SPLIT.format(mode=mode)
    assert outcomes(tmp_path, "split-after-decoding", code) == expected


def test_a_class_that_does_not_decode(tmp_path):
    code = "class Settings(BaseSettings):\n    model_config = SettingsConfigDict(enable_decoding=False)\n    origins: list[str] = []\n"
    assert outcomes(tmp_path, "split-after-decoding", code + SPLIT.format(mode="before")) == ["pass"]


@pytest.mark.parametrize(
    ("config", "files", "expected"),
    [
        ("env_file='.env'", {".env.example": "API_KEY=\nPOSTGRES_PASSWORD=\n"}, ["fail"]),
        ("env_file='.env'", {".env.example": "api_key=\n# OTHER=\n"}, ["pass"]),
        ("env_file='.env', extra='ignore'", {".env.example": "OTHER=\n"}, ["pass"]),
        ("env_file='.env', env_prefix='APP_'", {".env.example": "OTHER=\n"}, []),
        ("env_file='.env'", {}, []),
        # not where the program is started
        ("env_file='.env'", {"app/.env.example": "OTHER=\n"}, []),
        ("env_file='.env', env_nested_delimiter='__'", {".env.example": "API_KEY__NAME=\n"}, ["pass"]),
    ],
)
def test_keys_of_the_file(tmp_path, config, files, expected):
    code = f"class Settings(BaseSettings):\n    model_config = SettingsConfigDict({config})\n    api_key: str = ''\n"
    assert outcomes(tmp_path, "extra-key-in-env-file", code, files) == expected


def test_inherited_fields_and_aliases_are_known(tmp_path):
    code = (
        "class Base(BaseSettings):\n    host: str = ''\n"
        "class Settings(Base):\n    model_config = SettingsConfigDict(env_file='.env')\n    password: str = Field('', alias='DB_PASSWORD')\n"
    )
    assert outcomes(tmp_path, "extra-key-in-env-file", code, {".env.example": "HOST=\nDB_PASSWORD=\n"}) == ["pass"]
