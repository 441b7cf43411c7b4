import inspect

import pytest

from auditor.checks import CHECKS, JUDGES


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_there_and_takes_a_project_an_entry_and_a_detector(name):
    assert len(inspect.signature(CHECKS[name].resolve(), follow_wrapped=False).parameters) == 3


@pytest.mark.parametrize("name", JUDGES)
def test_every_judge_is_there_and_takes_a_project_and_a_match(name):
    assert len(inspect.signature(JUDGES[name].resolve(), follow_wrapped=False).parameters) == 2
