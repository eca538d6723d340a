//! What the world is told about mail servers in DNS: as it was read, not judged.

mod dane;
mod mistake;
mod mta_sts;
mod sts_policy;
mod sts_record;
mod tlsa;
mod tlsrpt;

pub use dane::{DaneFacts, DaneStanding, TlsaSet};
pub use mistake::{TextMistake, TextPlace};
pub use mta_sts::{
    FetchFault, FetchStep, KnownPolicy, PolicyDocument, PolicyFetch, StsFacts, StsRecord,
};
pub use sts_policy::{MAX_AGE, MAX_POLICY, StsMode, StsPolicy, matches};
pub use tlsa::{Bits, TlsaRecord, Unusable};
pub use tlsrpt::{Destination, ReportScheme, ReportTo, TlsRptFacts};
