//! What can be wrong with what the world is told about mail servers, each case by its name; knows no resolver.

/// Takes the reasons of the wire and of the inside, adds those of published policies, and has them declared.
macro_rules! in_public {
    ($($known:tt)*) => {
        reasons! {
            $($known)*
            Published {
                /// The view's resolver does not validate, so nobody can tell what DANE senders do.
                DnssecUnavailable = "dnssec_unavailable",
                    wire "`. NS` comes without the AD flag (RFC 7672 §2.1.3)";
                /// The host has no TLSA records (fails only where DANE is required).
                DaneNoRecords = "dane_no_records", wire "no TLSA RRset at `_25._tcp.HOST` (RFC 7672 §2.2)";
                /// The host's addresses are not signed, so that nobody asks for its TLSA records (fails only where DANE is
                /// required).
                DaneHostInsecure = "dane_host_insecure", wire "A and AAAA without DNSSEC (RFC 7672 §2.2.2)";
                /// The MX records are not signed, so that some senders skip DANE (fails only where DANE is required).
                DaneMxInsecure = "dane_mx_insecure", wire "MX without DNSSEC (RFC 7672 §2.2.1)",
                    note "Postfix uses the TLSA records all the same, Exim does not.";
                /// The TLSA records are not signed (fails only where DANE is required).
                DaneTlsaInsecure = "dane_tlsa_insecure",
                    wire "TLSA without DNSSEC, often at the end of an alias (RFC 7672 §2.2.3)";
                /// No usable TLSA record matches what the server presents.
                DaneMismatch = "dane_mismatch",
                    wire "neither the leaf nor its chain has the digest of a record (RFC 7672 §3.2, RFC 7671 §8.1)",
                    note "The old record is kept by resolvers for its TTL.";
                /// Only a record with a weaker digest matches, which senders leave out beside a stronger one.
                DaneDigestAgility = "dane_digest_agility",
                    wire "the SHA-512 record does not match, the SHA-256 record does (RFC 7671 §9, RFC 7672 §5)",
                    note "Postfix defers, Exim delivers.";
                /// A record names an issuer that the server does not send.
                DaneTaNotSent = "dane_ta_not_sent",
                    wire "usage 2, and no such certificate above the leaf (RFC 7672 §3.1.2, RFC 7671 §5.2.2)";
                /// A record of an issuer matches, and the leaf does not have the host's name.
                DaneNameMismatch = "dane_name_mismatch",
                    wire "usage 2: neither the host nor the mail domain is in the SAN (RFC 7672 §3.2.2)";
                /// A record of an issuer matches, and the chain below it does not hold.
                DaneChainInvalid = "dane_chain_invalid",
                    wire "usage 2: an expired certificate, a bad signature, or a leaf that is not for servers (RFC 7671 §5.2)";
                /// The host has TLSA records, and none that mail senders can use: they deliver unauthenticated.
                DaneUnusable = "dane_unusable",
                    wire "usage 0 or 1, an unknown selector or matching type, or a digest of the wrong length \
                          (RFC 7672 §3.1.3)";
                /// The host has TLSA records, and the server offers no STARTTLS: DANE senders defer.
                DaneStarttlsMissing = "dane_starttls_missing", wire "secure TLSA records, no STARTTLS (RFC 7672 §2.2)";
                /// The TLSA records cannot be looked up: DANE senders defer.
                DaneDnsError = "dane_dns_error", wire "SERVFAIL or no answer for TLSA or addresses (RFC 7672 §2.1.2)";
                /// A key to come has no TLSA record yet.
                DaneNextMissing = "dane_next_missing", wire "`expect.dane_next` (RFC 7671 §8.1)";
                /// The domain has no MTA-STS record (fails only where MTA-STS is required).
                StsNoRecord = "sts_no_record", wire "no TXT at `_mta-sts.DOMAIN` (RFC 8461 §3.1)";
                /// The policy says `mode: none` (fails only where MTA-STS is required).
                StsModeNone = "sts_mode_none", wire "`mode: none` (RFC 8461 §5)";
                /// The MTA-STS record cannot be used; new senders see none.
                StsRecordInvalid = "sts_record_invalid", wire "several records, or a malformed one (RFC 8461 §3.1)";
                /// The record was taken away while senders still keep the policy.
                StsWithdrawn = "sts_withdrawn",
                    wire "no record, and a policy that is younger than its `max_age` (RFC 8461 §8.3)";
                /// The policy host does not exist, or has no address.
                StsHostNotFound = "sts_host_not_found", wire "no A or AAAA of `mta-sts.DOMAIN` (RFC 8461 §3.3)";
                /// The policy could not be fetched.
                StsFetchError = "sts_fetch_error",
                    wire "no connection, no answer in time, a redirect, a status other than 200, or more than 64 KiB \
                          (RFC 8461 §3.3)";
                /// Senders do not trust the policy host's certificate.
                StsWebpkiInvalid = "sts_webpki_invalid",
                    wire "expired, for another name, or of an unknown issuer (RFC 8461 §3.3)";
                /// The policy cannot be used.
                StsPolicyInvalid = "sts_policy_invalid", wire "a line that RFC 8461 §3.2 does not allow";
                /// The addresses of the policy host do not serve the same.
                StsPolicyDiffers = "sts_policy_differs", wire "another address serves a policy that asks something else of senders";
                /// The policy changed, and its `id` in DNS did not: senders that keep the old one do not notice.
                StsIdUnchanged = "sts_id_unchanged", wire "another text under the same `id` (RFC 8461 §3.1, §8.1)";
                /// The MX host is not in the policy: senders skip it.
                StsMxMismatch = "sts_mx_mismatch", wire "no `mx` of the policy matches the host (RFC 8461 §4.1)";
                /// The MX host is not in an earlier policy that senders may still keep.
                StsCachedMxMismatch = "sts_cached_mx_mismatch",
                    wire "a former policy within its `max_age` (RFC 8461 §5.1, §8.1)";
                /// The policy demands TLS, and the server offers no STARTTLS.
                StsStarttlsMissing = "sts_starttls_missing", wire "no STARTTLS (RFC 8461 §4.2)";
                /// The policy demands a certificate that senders trust, and this one is not.
                StsCertificateInvalid = "sts_certificate_invalid",
                    wire "expired, untrusted, or without the MX host's name in its SAN (RFC 8461 §4.1, §4.2)";
                /// The domain has no TLSRPT record (fails only where TLSRPT is required).
                TlsRptNoRecord = "tlsrpt_no_record", wire "no TXT at `_smtp._tls.DOMAIN` (RFC 8460 §3)";
                /// The TLSRPT record cannot be used.
                TlsRptRecordInvalid = "tlsrpt_record_invalid",
                    wire "several records, a malformed one, or one without `rua` (RFC 8460 §3)";
                /// A destination of reports cannot be used.
                TlsRptRuaInvalid = "tlsrpt_rua_invalid",
                    wire "neither `mailto:` nor `https:`, or without a host (RFC 8460 §3)";
            }
        }
    };
}
