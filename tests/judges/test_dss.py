"""The EU's Digital Signature Service calls both signatures TOTAL-PASSED at level LTA, offline."""

import subprocess

import pytest


@pytest.fixture(scope="session")
def sayings(request):
    """What DSS says, by file: one start of Java for all copies."""
    classes = request.config.getoption("--dss")
    if not classes:
        pytest.skip("EU DSS is not asked: no Maven, or Maven Central did not answer")
    # Imported here, since pytest loads conftest under its own name.
    from conftest import copies

    pairs = [part for one in copies(request.config) for part in (one.path, one.trust)]
    command = ["java", "-Xmx1g", "-cp", f"{classes}/classes:{classes}/dependency/*", "Judge", *map(str, pairs)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = {}
    for line in done.stdout.splitlines():
        file, field, *rest = line.split("\t")
        said.setdefault(file, {})[field] = rest
    return said


def test_dss_accepts_both_signatures(copy, sayings):
    said = sayings[str(copy.path)]
    assert set(said) == {"Leader", "Seal"}
    for field, (indication, why, level, intact, errors) in said.items():
        assert (indication, intact) == ("TOTAL_PASSED", "intact"), f"{field}: {indication} {why} {errors}"
        assert level == "PAdES-BASELINE-LTA", f"{field}: {level}"
