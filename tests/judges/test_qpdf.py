"""qpdf finds nothing wrong with the file's structure."""

import subprocess


def test_structure_is_clean(copy):
    done = subprocess.run(["qpdf", "--check", copy.path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
