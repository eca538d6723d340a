//! The keys of a target, and of what many targets share.

use std::ops::RangeInclusive;

use super::key::{Key, Needs, Section, Shape, TEXT, any, key, several, some, within, words};
use Shape::{Checks, Duration, Flag, Labels, Share, Text, Word};

use crate::endpoint::{Offer, ProxyProtocol};
use crate::facts::observation::TlsVersion;
use crate::smtp::Mode;
use crate::verdict::Demand;

/// What can be said of all targets and of each.
const COMMON: &[Key] = &[
    key(
        "ports",
        some(&PORT),
        "1 to 65535, each once",
    )
        .default("[25]"),
    key(
        "tls",
        Word(&MODE_WORDS),
        "`starttls` or `implicit`; by default, implicit on port 465 and STARTTLS elsewhere",
    )
        .unset("by port"),
    key(
        "offers",
        some(&Word(&OFFER_WORDS)),
        "which signatures our hello offers: `any`, `rsa`, `ecdsa`. Each offer is an endpoint of its own; `[rsa, \
         ecdsa]` shows both certificates of a server that has two",
    )
        .default("[any]"),
    key(
        "views",
        some(&TEXT),
        "names of `views`",
    )
        .default("[default]"),
    key(
        "proxy_protocol",
        Word(&PROXY_PROTOCOL_WORDS),
        "`v1` or `v2`: HAProxy's PROXY header is sent before anything else, with our own address and the server's, \
         as the load balancer in front of this backend would send it (Postfix: `smtpd_upstream_proxy_protocol`, \
         `postscreen_upstream_proxy_protocol`; Exim: `hosts_proxy`). Through a view's proxy the addresses are not \
         known, and the header says so (`UNKNOWN`, `LOCAL`)",
    )
        .default("off"),
    key(
        "client_certificate",
        Shape::Section(&CLIENT_CERTIFICATE),
        "`{cert_file: c.pem, key_file: k.pem}`, for servers that ask for one: the certificate with its chain, and \
         its unencrypted key, as PEM files",
    )
        .unset("none"),
    key(
        "labels",
        Labels { is_discovered: false },
        "labels for every series of the target, as `name: value`. All targets get the same label names, empty where \
         unset. The exporter's own label names are refused",
    )
        .unset("none"),
    key(
        "expect",
        Shape::Section(&EXPECT),
        "what its certificates must look like",
    )
        .unset("see below"),
    key(
        "limits",
        Shape::Section(&LIMITS),
        "when too little of a leaf's lifetime is left, so that it is `Warning` or `Critical`: below a share of the \
         lifetime, below a time, or, if both are given, below both. So a certificate of 398 days is judged by days \
         and one of 6 days by its share. `warning` and `critical` are each replaced as a whole; critical may not \
         begin before warning",
    )
        .default("{warning: {lifetime: 25%, left: 30d}, critical: {lifetime: 10%, left: 7d}}"),
    key(
        "checks",
        Checks,
        "`on` or `off` (or `yes`, `no`, `true`, `false`) by the name of a check; see the [list of \
         checks](../README.md#checks)",
    )
        .unset("see the list"),
];

/// `defaults`.
pub const DEFAULTS: Section = Section::new("defaults", &[COMMON]);

const OWN: &[Key] = &[
    key(
        "name",
        TEXT,
        "1 to 200 characters, no control characters, not `.` or `..`, unique; the label `target`",
    )
    .unset("the host, `mx:` plus the domain, or the first address"),
    key(
        "host",
        TEXT,
        "a host name or IP address. Every A and AAAA address is an endpoint. Umlauts in a host name are allowed",
    ),
    key(
        "mx",
        TEXT,
        "a mail domain: every address of every MX host is an endpoint, each under its host's name. Without MX \
         records the domain itself is the host (RFC 5321 §5.1)",
    ),
    key(
        "addresses",
        some(&TEXT),
        "IP addresses: exactly these are probed, and `host` only gives the server a name. Unspecified, multicast and \
         broadcast addresses are refused. One of `host`, `mx` and `addresses` is required",
    ),
];

const SERVER_NAME: &[Key] = &[    key(
        "server_name",
        TEXT,
        "the name sent as SNI and, unless `expect.names` says otherwise, expected in the certificate. No SNI is sent \
         for an IP address",
    )
        .unset("the host or MX host"),];

/// `targets[]`.
pub const TARGET: Section = Section::new("target", &[OWN, SERVER_NAME, COMMON])
    .needs(Needs::OneOf(&["host", "mx", "addresses"]));

/// `probe_endpoint.modules.NAME`.
pub const MODULE: Section = Section::new("module", &[SERVER_NAME, COMMON]);

/// A group of targets, as Prometheus lists them.
pub const GROUP: Section = Section::new(
    "group",
    &[&[
        key(
            "targets",
            Shape::List {
                item: &TEXT,
                is_empty: true,
                is_distinct: false,
            },
            "hosts, IP addresses, or `mx:DOMAIN`, each with or without a port",
        ),
        key(
            "labels",
            Labels {
                is_discovered: true,
            },
            "labels for every series of these targets; those that begin with two underscores are left out",
        ),
    ]],
)
.needs(Needs::All(&["targets"]));

/// The ports there are.
pub(crate) const PORTS: RangeInclusive<u16> = 1..=u16::MAX;
/// One of them.
pub(super) const PORT: Shape = within(&PORTS);

/// When TLS begins.
pub(crate) const MODES: [(&str, Mode); 2] =
    [("starttls", Mode::StartTls), ("implicit", Mode::Implicit)];
const MODE_WORDS: [&str; 2] = words(&MODES);

/// Which signatures a hello offers.
pub(crate) const OFFERS: [(&str, Offer); 3] = [
    (Offer::Any.as_str(), Offer::Any),
    (Offer::Rsa.as_str(), Offer::Rsa),
    (Offer::Ecdsa.as_str(), Offer::Ecdsa),
];
const OFFER_WORDS: [&str; 3] = words(&OFFERS);

/// Which header is sent first.
pub(crate) const PROXY_PROTOCOLS: [(&str, ProxyProtocol); 3] = [
    (ProxyProtocol::Off.as_str(), ProxyProtocol::Off),
    (ProxyProtocol::V1.as_str(), ProxyProtocol::V1),
    (ProxyProtocol::V2.as_str(), ProxyProtocol::V2),
];
const PROXY_PROTOCOL_WORDS: [&str; 3] = words(&PROXY_PROTOCOLS);

/// `client_certificate`.
pub const CLIENT_CERTIFICATE: Section = Section::new(
    "client_certificate",
    &[&[
        key(
            "cert_file",
            TEXT,
            "a PEM file with the certificate and its chain",
        ),
        key(
            "key_file",
            TEXT,
            "a PEM file with its unencrypted private key",
        ),
    ]],
)
.needs(Needs::All(&["cert_file", "key_file"]));

/// `limits`.
pub const LIMITS: Section = Section::new(
    "limits",
    &[&[
        key("warning", Shape::Section(&LIMIT), "when `Warning` begins")
            .default("{lifetime: 25%, left: 30d}"),
        key("critical", Shape::Section(&LIMIT), "when `Critical` begins")
            .default("{lifetime: 10%, left: 7d}"),
    ]],
);

/// `limits.warning` and `limits.critical`.
pub const LIMIT: Section = Section::new(
    "limit",
    &[&[
        key(
            "lifetime",
            Share,
            "below this share of the certificate's lifetime, such as `25%`",
        ),
        key("left", Duration, "below this time, such as `30d`"),
    ]],
)
.needs(Needs::OneOf(&["lifetime", "left"]));

/// `expect`.
pub const EXPECT: Section = Section::new("expect", &[&[
    key(
        "names",
        any(&TEXT),
        "host names or IP addresses; the certificate must cover all of them (SAN only, never the CN)",
    )
        .unset("the server name"),
    key(
        "subject",
        TEXT,
        "a distinguished name as OpenSSL, RFC 4514 or Exchange (.NET) prints it. Compared as a name: the order in \
         which it is written, `S=` or `ST=`, quoting and case do not matter",
    ),
    key(
        "issuer",
        TEXT,
        "the same, for the issuer",
    ),
    key(
        "tls_certificate_name",
        TEXT,
        "`<I>issuer<S>subject`, as a send connector has it: `(Get-SendConnector NAME).TlsCertificateName`",
    ),
    key(
        "fingerprints",
        any(&Text("^([0-9A-Fa-f]:*)+$")),
        "SHA-1 (40 digits; Exchange calls it thumbprint) or SHA-256 (64 digits), with or without colons. The leaf \
         must have one of them",
    ),
    key(
        "roots",
        several(&TEXT),
        "as `trust.roots`",
    )
        .unset("`trust.roots`"),
    key(
        "min_tls",
        Word(&TLS_VERSION_WORDS),
        "`\"1.0\"`, `\"1.1\"`, `\"1.2\"` or `\"1.3\"`",
    )
        .default("\"1.2\""),
    key(
        "same_certificate",
        Flag,
        "whether all endpoints of the target in one view must serve the same leaf; leaves with different kinds of \
         key are compared separately",
    )
        .default("true"),
    key(
        "dane_next",
        any(&TEXT),
        "files, each with a key to come: a certificate, a request (CSR), a public or a private key, PEM. Each key must \
         already have a TLSA record; read again when they change",
    )
        .unset("none"),
    key(
        "dane",
        Word(&DEMAND_WORDS),
        "whether senders that do DANE (RFC 7672) deliver: `off` asks nothing, `opportunistic` fails where what is \
         published keeps them away, `required` also where nothing usable is published. Needs a view with `dnssec: trust`",
    )
        .unset("`opportunistic` where a view of the target has `dnssec: trust`, else `off`"),
    key(
        "mta_sts",
        Word(&DEMAND_WORDS),
        "the same of senders that do MTA-STS (RFC 8461); of `mx` targets only",
    )
        .unset("`opportunistic` for `mx` targets, else `off`"),
    key(
        "tlsrpt",
        Word(&DEMAND_WORDS),
        "whether senders know where to report (RFC 8460): `required` fails where there is no record; of `mx` targets only",
    )
        .unset("`opportunistic` for `mx` targets, else `off`"),
]]);

/// How much of a published policy is asked for.
pub(crate) const DEMANDS: [(&str, Demand); 3] = [
    ("off", Demand::Off),
    ("opportunistic", Demand::Opportunistic),
    ("required", Demand::Required),
];
const DEMAND_WORDS: [&str; 3] = words(&DEMANDS);

/// The oldest version of TLS that is new enough.
pub(crate) const TLS_VERSIONS: [(&str, TlsVersion); 4] = [
    ("1.0", TlsVersion::Tls10),
    ("1.1", TlsVersion::Tls11),
    ("1.2", TlsVersion::Tls12),
    ("1.3", TlsVersion::Tls13),
];
const TLS_VERSION_WORDS: [&str; 4] = words(&TLS_VERSIONS);
