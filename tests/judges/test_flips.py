"""Single bytes flipped inside the signed ranges: pyHanko rejects every one. The choice is seeded, so a failure repeats."""

import random
import subprocess

import judge

SEED = 20261123
TIME_STAMP = b"/ETSI.RFC3161"


def signed_places(data):
    """Every offset that some signature covers."""
    covered = set()
    for one in judge.reader(data).embedded_signatures:
        first, length, second, rest = one.byte_range
        covered.update(range(first, first + length), range(second, second + rest))
    return sorted(covered)


def test_a_signature_that_pyhanko_passes_over_is_missed(one_copy, ctdt, tmp_path):
    """pyHanko skips a signature of a kind it does not know and finds the others whole; a judge counts them."""
    assert one_copy.data.count(TIME_STAMP) == 1
    passed_over = one_copy.data.replace(TIME_STAMP, b"/ETCI.RFC3161")
    verdict = judge.verdict(passed_over, judge.roots(one_copy.trust.read_bytes()))
    assert (verdict.accepted, verdict.why) == (False, "0 document time-stamps")
    changed = tmp_path / "passed-over.pdf"
    changed.write_bytes(passed_over)
    command = [ctdt, "verify", "--offline", "--trust", one_copy.trust, changed]
    assert subprocess.run(command, capture_output=True).returncode == 1


def test_every_flip_is_rejected(one_copy, request):
    data = one_copy.data
    anchors = judge.roots(one_copy.trust.read_bytes())
    assert judge.verdict(data, anchors).accepted, "a judge that rejects everything proves nothing"
    chance = random.Random(SEED)
    wanted = request.config.getoption("--flips")
    for place in chance.sample(signed_places(data), wanted):
        flipped = bytearray(data)
        flipped[place] ^= 1 << chance.randrange(8)
        verdict = judge.verdict(bytes(flipped), anchors)
        assert not verdict.accepted, f"byte {place} changed from {data[place]:#04x} to {flipped[place]:#04x}"
