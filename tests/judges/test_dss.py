"""The EU's Digital Signature Service calls both signatures TOTAL-PASSED at level LTA, offline."""

import pytest

import judge


@pytest.fixture(scope="session")
def sayings(request):
    """What DSS says, by file: one start of Java for all copies."""
    classes = request.config.getoption("--dss")
    if not classes:
        pytest.skip("EU DSS is not asked: no Maven, or Maven Central did not answer")
    # Imported here, since pytest loads conftest under its own name.
    from conftest import copies

    said = {}
    for file, kind, *rest in judge.dss(classes, [(one.path, one.trust) for one in copies(request.config)]):
        assert kind in ("signature", "timestamp"), f"{file}: {kind} {rest}"
        if kind == "signature":
            said.setdefault(file, {})[rest[0]] = rest[1:]
    return said


def test_dss_accepts_both_signatures(copy, sayings):
    said = sayings[str(copy.path)]
    assert set(said) == {"Leader", "Seal"}
    for field, (indication, why, level, intact, _checks, errors) in said.items():
        assert (indication, intact) == ("TOTAL_PASSED", "intact"), f"{field}: {indication} {why} {errors}"
        assert level == "PAdES-BASELINE-LTA", f"{field}: {level}"
