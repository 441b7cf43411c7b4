"""Queries of Django that run at import, and locks outside a transaction."""

import pytest
from made_judged import verdicts

BASE = {"requirements.txt": "django\n"}


def outcomes(root, rule, code, files=None):
    return [outcome for _, outcome in verdicts(root, f"django/{rule}", {**BASE, "shop/forms.py": code, **(files or {})})]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("FIRST = Item.objects.first()", ["fail"]),
        ("NAMES = [i.name for i in Item.objects.all()]", ["fail"]),
        ("NAMES = list(Item.objects.filter(a=1).order_by('b'))", ["fail"]),
        ("ITEM = Item.objects.filter(a=1).get()", ["fail"]),
        ("for item in Item.objects.all():\n    pass", ["fail"]),
        ("ITEMS = Item.objects.all()", ["pass"]),
        ("ITEMS = Item.objects.filter(a=1).order_by('b')", ["pass"]),
        ("ITEMS = (i for i in Item.objects.all())", ["pass"]),
        ("def f():\n    return Item.objects.first()", []),
        ("def f():\n    try:\n        return Item.objects.first()\n    except Exception:\n        return None", []),
        ("f = lambda: Item.objects.first()", []),
        ("class F:\n    items = [i for i in Item.objects.all()]", ["fail"]),
        ("try:\n    FIRST = Item.objects.first()\nexcept Exception:\n    FIRST = None", ["review"]),
        ("if __name__ == '__main__':\n    print(Item.objects.first())", []),
        ("import django\ndjango.setup()\nprint(Item.objects.first())", []),
    ],
)
def test_queries_at_import(tmp_path, code, expected):
    assert outcomes(tmp_path, "query-at-import", code) == expected


LOCK = "Item.objects.select_for_update().get(pk=1)"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"def f():\n    {LOCK}", ["fail"]),
        (f"def f():\n    with transaction.atomic():\n        {LOCK}", ["pass"]),
        (f"@transaction.atomic\ndef f():\n    {LOCK}", ["pass"]),
        (f"def f():\n    {LOCK}\ndef g():\n    with transaction.atomic():\n        f()", ["pass"]),
        (f"def f():\n    {LOCK}\ndef g():\n    f()\n@transaction.atomic\ndef h():\n    g()", ["pass"]),
        (f"def f():\n    {LOCK}\ndef g():\n    f()", ["fail"]),
        ("def f():\n    return Item.objects.select_for_update()", []),
        ("def f():\n    for i in Item.objects.select_for_update():\n        i.save()", ["fail"]),
        (f"DATABASES = {{'default': {{'ATOMIC_REQUESTS': True}}}}\ndef f():\n    {LOCK}", ["review"]),
    ],
)
def test_locks(tmp_path, code, expected):
    assert outcomes(tmp_path, "lock-outside-transaction", "from django.db import transaction\n" + code) == expected
