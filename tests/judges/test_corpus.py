"""Every file of the corpora before four judges: differences are those that are listed and explained (docs/DIFFERENTIAL.md).

The corpora do not belong to the repository; where they are missing nothing is compared, which is said. UPDATE_EXPECT=1 writes list and
document anew; who does that explains what is new.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

import corpus
import differences


@pytest.fixture(scope="module")
def said(request, ctdt):
    """Judge → file → what it said. EU DSS has a processor of its own, since it needs as long as the others together."""
    corpora, classes = request.config.getoption("--corpora"), request.config.getoption("--dss")
    if not corpora:
        pytest.skip("the corpora of signed files are not beside the project: no verdicts were compared")
    corpora = corpora.resolve()
    files = sorted(corpus.manifest(corpora))
    with ThreadPoolExecutor(1) as other:
        dss = other.submit(corpus.dss, classes, corpora, files) if classes else None
        told = {
            "ctdt": corpus.ours(ctdt, corpora, files),
            "pyhanko": corpus.pyhanko(corpora, files),
            "poppler": corpus.poppler(corpora, files),
        }
        return told | ({"dss": dss.result()} if dss else {})


@pytest.fixture(scope="module")
def words(said):
    """File → judge → word."""
    return {file: {judge: told[file].word for judge, told in said.items()} for file in said["ctdt"]}


def test_every_judge_answers_for_every_file(said):
    files = set(said["ctdt"])
    assert len(files) > 400
    for judge, told in said.items():
        assert set(told) == files, judge
    assert "exhausted" not in {one.word for one in said["ctdt"].values()}


def test_differences_are_those_that_are_listed(said, words):
    if "UPDATE_EXPECT" in os.environ and "dss" in said:
        differences.write(words)
    listed, wrong = differences.listed(), []
    for file, fresh in words.items():
        # A machine that is too slow for another judge, or fast enough at last, says nothing about us.
        kept = listed.get(file, {})
        fresh = {judge: word for judge, word in fresh.items() if "exhausted" not in (word, kept.get(judge))}
        if file in listed:
            if any(kept[judge] != word for judge, word in fresh.items()):
                wrong.append((file, f"listed as {kept}"))
        elif differences.differs(fresh):
            wrong.append((file, "a new difference"))
    wrong += [(file, "listed, but not there") for file in listed if file not in words]
    told = [f"{file}: {why}; " + "; ".join(f"{judge} {told[file]}" for judge, told in said.items() if file in told) for file, why in wrong]
    assert not told, "\n".join(told)


def test_every_difference_is_one_and_explained():
    listed, explained = differences.listed(), differences.reasons()
    used = {number for row in listed.values() for number in row["reasons"].split(",")}
    assert used == set(explained), "reasons without a file, or files without a reason"
    for file, row in listed.items():
        assert differences.differs(row), f"{file}: nobody differs"


def test_the_document_says_what_the_verdicts_are(said, words, request):
    if "dss" not in said:
        pytest.skip("EU DSS is not asked: its columns cannot be made")
    if "exhausted" in {word for file, row in words.items() for word in row.values() if file not in differences.listed()}:
        pytest.skip("this machine is too slow for another judge: the totals would differ")
    # As above: what is listed as exhausted stays so.
    listed = differences.listed()
    steady = {file: {judge: listed.get(file, row)[judge] for judge in row} for file, row in words.items()}
    rows = corpus.manifest(request.config.getoption("--corpora").resolve())
    made = differences.document(steady, {file: row["expected"] for file, row in rows.items()})
    if "UPDATE_EXPECT" in os.environ:
        differences.DOCUMENT.write_text(made, encoding="utf-8")
    assert differences.DOCUMENT.read_text(encoding="utf-8") == made, "UPDATE_EXPECT=1 writes it anew"


def test_nothing_that_pyhanko_and_dss_both_refuse_is_accepted_here_but_for_what_is_listed(words):
    """T16: no file that both others refuse goes through unseen."""
    listed = differences.listed()
    for file, row in words.items():
        others = [row[judge] for judge in ("pyhanko", "dss") if judge in row]
        if row["ctdt"] == "intact" and not set(others) & {"intact", "unsigned", "unreadable", "exhausted"}:
            assert file in listed, file
