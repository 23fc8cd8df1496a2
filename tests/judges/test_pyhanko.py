"""pyHanko accepts the copy: contract.md §4, EN 319 142-1, EN 319 102-1, with nothing but the file and the roots."""

import pytest
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.dss import DocumentSecurityStore

import judge


@pytest.fixture
def anchors(copy):
    return judge.roots(copy.trust.read_bytes())


def test_both_signatures_hold(copy, anchors):
    statuses = judge.signature_statuses(copy.data, anchors)
    assert list(statuses) == ["Leader", "Seal"]
    for name, status in statuses.items():
        assert judge.complaint(name, status) is None, status.pretty_print_details()
        assert status.bottom_line, status.pretty_print_details()
    assert statuses["Leader"].modification_level == ModificationLevel.FORM_FILLING
    assert statuses["Seal"].modification_level in (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES)


def test_each_signature_has_a_trusted_timestamp(copy, anchors):
    for name, status in judge.signature_statuses(copy.data, anchors).items():
        stamp = status.timestamp_validity
        assert stamp is not None, f"{name} has no time-stamp"
        assert stamp.intact and stamp.valid and stamp.trusted, f"{name}: {stamp.summary()}"


def test_a_document_timestamp_closes_the_file(copy, anchors):
    stamps = judge.timestamp_statuses(copy.data, anchors)
    assert stamps, "no document time-stamp: not B-LTA"
    for name, status in stamps.items():
        assert judge.complaint(name, status) is None, status.summary()
    assert str(list(stamps.values())[-1].coverage) == "SignatureCoverageLevel.ENTIRE_FILE"


def test_everything_needed_later_is_embedded(copy):
    file = judge.reader(copy.data)
    store = DocumentSecurityStore.read_dss(file)
    assert store.certs and (store.ocsps or store.crls)
    for one in file.embedded_regular_signatures:
        name = DocumentSecurityStore.sig_content_identifier(one.pkcs7_content)
        assert name in store.vri_entries, f"{one.field_name} has no VRI entry"


def test_long_term_validation_passes_offline(copy, anchors):
    for name, result in judge.archive_results(copy.data, anchors).items():
        assert result.ades_subindic == AdESPassed.OK, f"{name}: {result.failure_msg}"
        assert result.oldest_evidence_record_timestamp is not None, f"{name}: no proof of existence"


def test_only_signature_fields_and_no_doc_mdp(copy):
    """Decision 8: approval signatures; a copy is no form."""
    file = judge.reader(copy.data)
    kinds = {str(field.get_object()["/FT"]) for field in file.root["/AcroForm"]["/Fields"]}
    assert kinds == {"/Sig"}
    assert "/Perms" not in file.root


def test_pyhanko_accepts_the_file(copy, anchors):
    """The one question that the forgeries and flips are asked too."""
    verdict = judge.verdict(copy.data, anchors)
    assert verdict.accepted, verdict.why


def test_unknown_roots_are_not_trusted(copy):
    verdict = judge.verdict(copy.data, [])
    assert not verdict.accepted and "not trusted" in verdict.why


def test_a_claim_of_pdf_a_has_its_output_intent(copy):
    """Decision 32: PDF/A is claimed only where veraPDF passes, which test_pdfa.py asks; nothing claims it by halves."""
    root = judge.reader(copy.data).root
    claimed = b"<pdfaid:part>2</pdfaid:part>" in root["/Metadata"].data
    assert claimed == ("/OutputIntents" in root)
