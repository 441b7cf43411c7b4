from auditor.catalogue import agents_directory, load, rules_directory
from auditor.catalogue.publish import stale


def test_the_files_written_from_the_catalogue_are_fresh() -> None:
    assert stale(load(), rules_directory(), agents_directory()) == (), "run `gotcha-audit catalogue publish`"
