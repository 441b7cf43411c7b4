import inspect

import pytest

from auditor.project.facts.extractors import EXTRACTORS, extractor_of


@pytest.mark.parametrize("kind", EXTRACTORS)
def test_every_kind_has_a_reader_that_takes_a_path_and_a_text(kind):
    assert list(inspect.signature(extractor_of(kind)).parameters) == ["path", "text"]
