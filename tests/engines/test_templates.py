from auditor.engines.templates import fill, metavariables


def test_a_bound_metavariable_becomes_its_source_text():
    assert fill("`$DIR` is joined", {"$DIR": '"dist"'}) == '`"dist"` is joined'


def test_an_unbound_metavariable_stays():
    assert fill("$A and $B", {"$A": "1"}) == "1 and $B"


def test_the_longest_name_wins():
    assert fill("$DIR_NAME $DIR", {"$DIR": "d", "$DIR_NAME": "n"}) == "n d"


def test_inserted_text_is_not_filled_again():
    assert fill("$A", {"$A": "$B", "$B": "no"}) == "$B"


def test_text_glued_to_a_name_is_kept():
    assert fill("VITE_$VAR", {"$VAR": "API_URL"}) == "VITE_API_URL"


def test_sequences_and_digits_are_metavariables():
    assert fill("f($...ARGS, $X1)", {"$...ARGS": "a, b", "$X1": "c"}) == "f(a, b, c)"


def test_lower_case_names_and_prices_are_text():
    assert fill("$path costs $5", {"$PATH": "x"}) == "$path costs $5"
    assert metavariables("$path costs $5 but $DIR and $...REST") == {"$DIR", "$...REST"}
