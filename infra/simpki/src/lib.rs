//! The SIM-PKI gateway simulator: CSC v2 face and a phone page.
