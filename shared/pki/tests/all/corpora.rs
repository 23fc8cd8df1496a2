//! NIST PKITS, where the corpora lie beside the project. Left out, aloud, where they do not.
