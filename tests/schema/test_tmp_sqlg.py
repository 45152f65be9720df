import pytest
from tests.schema import test_sql as t
@pytest.fixture(autouse=True)
def _own(own_database): pass
def test_show(story):
    story("renames"); t.migrate("renames")
    print(t.sql("renames", "0001"))
