"""Single bytes flipped inside the signed ranges: pyHanko rejects every one. The choice is seeded, so a failure repeats."""

import random

import judge

SEED = 20261123


def signed_places(data):
    """Every offset that some signature covers."""
    covered = set()
    for one in judge.reader(data).embedded_signatures:
        first, length, second, rest = one.byte_range
        covered.update(range(first, first + length), range(second, second + rest))
    return sorted(covered)


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
