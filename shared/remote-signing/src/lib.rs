//! The gateway to SIM PKI, token and HSM signing services.
