//! Every configuration key: the one definition that the reader, the reference and the schema follow.

mod key;
mod published;
mod target;

pub use key::{Key, Needs, Section, Shape, Unset};
pub use published::PUBLISHED;
pub use target::{CLIENT_CERTIFICATE, DEFAULTS, EXPECT, GROUP, LIMIT, LIMITS, MODULE, TARGET};
pub(super) use target::{DEMANDS, MODES, OFFERS, PORTS, PROXY_PROTOCOLS, TLS_VERSIONS};

use std::ops::RangeInclusive;

use Shape::{Duration, Flag, Named, Targets, Text, TextOr, Word};
use key::{TEXT, any, key, several, some, within, words};

use crate::dns::{AddressFamily, Dnssec};

/// The whole file.
pub const FILE: Section = Section::new(
    "file",
    &[&[
        key("probe", Shape::Section(&PROBE), "How probes behave, and their limits."),
        key("trust", Shape::Section(&TRUST), "Which roots are trusted."),
        key(
            "views",
            Named(&Shape::Section(&VIEW)),
            "Named ways to look at targets. The view `default` always exists: this machine's resolver, no proxy.",
        ),
        key("defaults", Shape::Section(&DEFAULTS), "What applies to all targets; each may override it."),
        key("targets", Targets, "What is probed."),
        key(
            "target_files",
            any(&Text("[.](yml|yaml|json)$")),
            "Files with more targets: one file, or a directory and a file name with one star.",
        ),
        key(
            "published",
            Shape::Section(&PUBLISHED),
            "How MTA-STS policies are fetched that mail domains publish.",
        ),
        key(
            "state_directory",
            TEXT,
            "The directory that keeps what must outlive a restart: the last MTA-STS policies.",
        ),
        key(
            "inside",
            Shape::Section(&INSIDE),
            "What mail servers report about themselves, in files.",
        ),
        key(
            "probe_endpoint",
            Shape::Section(&PROBE_ENDPOINT),
            "What may be probed on request, by `/probe`.",
        ),
    ]],
)
.needs(Needs::OneOf(&["targets", "target_files", "inside"]));

/// `probe`.
pub const PROBE: Section = Section::new("probe", &[&[
    key(
        "timeout",
        Duration,
        "100 ms to 10 minutes, for one endpoint, from the lookup of its name to QUIT. Each phase has a shorter \
         deadline of its own, so that a slow phase is named: connect 40 %, greeting 80 %, EHLO, STARTTLS and \
         handshake 60 % each, QUIT 10 %",
    )
        .default("10s"),
    key(
        "min_interval",
        Duration,
        "0 to a day: a younger result answers a scrape without a new probe, so that several Prometheus servers do \
         not multiply probes. Age counts from the start of the probe, and 95 % of this value is old enough: if the \
         scrape interval is the same, every scrape probes",
    )
        .default("60s"),
    key(
        "concurrency",
        within(&CONCURRENCY),
        "1 to 65535 endpoints probed at once",
    )
        .default("256"),
    key(
        "per_address",
        within(&PER_ADDRESS),
        "1 to 1000 probes at once to one IP address",
    )
        .default("1"),
    key(
        "helo",
        TEXT,
        "the name in EHLO, before and after TLS. A name without a dot causes a warning, because some servers refuse \
         it",
    )
        .unset("this machine's full name"),
]]);

/// How many endpoints may be probed at once.
pub(super) const CONCURRENCY: RangeInclusive<u16> = 1..=u16::MAX;
/// And how many at one address.
pub(super) const PER_ADDRESS: RangeInclusive<u16> = 1..=1000;

/// `trust`.
pub const TRUST: Section = Section::new("trust", &[&[
    key(
        "roots",
        several(&TEXT),
        "`mozilla` (bundled with the program), `system` (the operating system's; honours `SSL_CERT_FILE` and \
         `SSL_CERT_DIR`), a PEM file, or a list of these. For roots from files and from the system, dates and limits \
         (CA, path length, key usage) count as for any certificate on the path; if several roots share a name and a \
         key, the one that is still valid counts. For `mozilla`, only names, keys and name constraints are known: \
         Mozilla removes a root before it expires",
    )
        .default("mozilla"),
    key(
        "crls",
        any(&TEXT),
        "files with revocation lists (CRLs, versions 1 and 2), PEM or DER, read together with the configuration. The \
         check `revocation` uses them: an entry fails it; without a current list from the certificate's issuer it is \
         unknown, never failed. Delta and indirect lists, and lists only for some reasons or for attribute \
         certificates, are not supported. A list that cannot be used is left out with a warning; if none is left, \
         that is a mistake. A stapled OCSP response counts too, but its signature is not verified",
    )
        .unset("none"),
]]);

/// `views.NAME`.
pub const VIEW: Section = Section::new("view", &[&[
    key(
        "resolvers",
        some(&Text("^(system|(udp|tcp|tls|https)://.+)$")),
        "whom to ask: `system` (`/etc/resolv.conf`, with its search list, its options `ndots`, `timeout`, `rotate`, \
         `edns0` and `use-vc`, and the hosts file), `udp://ADDRESS` (TCP for answers that do not fit), \
         `tcp://ADDRESS`, `tls://ADDRESS#NAME` (DNS over TLS), `https://HOST/dns-query` (DNS over HTTPS). The name \
         after `#` is the one in the server's certificate, by default the host; `trust.roots` are trusted. A port may \
         follow the host; put IPv6 addresses in brackets. If the host is a name, this machine's own resolver looks it \
         up. Several resolvers are asked in this order, see below",
    )
        .default("[system]"),
    key(
        "dnssec",
        Word(&DNSSEC_WORDS),
        "`trust`: the resolvers verify signatures, and their flag AD is believed, as mail servers do; needed for DANE. \
         `validate`: the exporter verifies signatures itself, and a forged answer is `dns_error`; the resolvers must \
         pass signatures on. See below which to choose",
    )
        .default("off"),
    key(
        "trust_anchor",
        TEXT,
        "a file with the DNSKEY records at which the chain of signatures ends. For a private zone, all its keys",
    )
        .unset("the root's keys"),
    key(
        "proxy",
        TextOr("^(socks5|http)://.+$", &PROXY),
        "`socks5://HOST:PORT` or `http://HOST:PORT` (CONNECT), with `USER:PASSWORD@` before the host if needed \
         (`%40` for `@`), or the map below. With `resolvers`, the proxy gets addresses; without them, it gets names and looks them up \
         itself, so that you see what it sees: each host is then one endpoint, whose label `address` is the name. DNS \
         does not go through the proxy",
    )
        .unset("none"),
    key(
        "source_address",
        TEXT,
        "the address of this machine that probes and lookups come from; only targets of its family are probed, \
         unless there is a proxy",
    )
        .unset("as the system chooses"),
    key(
        "family",
        Word(&FAMILY_WORDS),
        "`any`, `ipv4` or `ipv6`: the addresses that are probed",
    )
        .default("any"),
]]);

/// `views.NAME.proxy`, where its password stands in a file.
pub const PROXY: Section = Section::new(
    "proxy",
    &[&[
        key(
            "url",
            Text("^(socks5|http)://[^@]+$"),
            "`socks5://HOST:PORT` or `http://HOST:PORT` (CONNECT)",
        ),
        key(
            "username",
            TEXT,
            "the user, of up to 255 bytes and without a colon",
        ),
        key(
            "password_file",
            TEXT,
            "a file with the password in its only line, as it is; read again when it changes",
        ),
    ]],
)
.needs(Needs::All(&["url", "username", "password_file"]));

/// Who validates answers of DNS.
pub(super) const DNSSEC: [(&str, Dnssec); 3] = [
    ("trust", Dnssec::Trust),
    ("validate", Dnssec::Validate),
    ("off", Dnssec::Off),
];
const DNSSEC_WORDS: [&str; 3] = words(&DNSSEC);

/// Which addresses are probed.
pub(super) const FAMILIES: [(&str, AddressFamily); 3] = [
    ("any", AddressFamily::Any),
    ("ipv4", AddressFamily::Ipv4),
    ("ipv6", AddressFamily::Ipv6),
];
const FAMILY_WORDS: [&str; 3] = words(&FAMILIES);

/// `inside`.
pub const INSIDE: Section = Section::new(
    "inside",
    &[&[
        key(
            "files",
            some(&Text("[.]json$")),
            "inventories: one file, or a directory and a file name with one star",
        ),
        key(
            "max_age",
            Duration,
            "1 minute to 7 days after it began to be written, an inventory says nothing any more: three runs of the \
             collector",
        )
        .default("15m"),
        key(
            "next_hops",
            within(&NEXT_HOPS),
            "0 to 1000 next hops a server that have series of their own, those of most messages; the others are \
             summed as `other`",
        )
        .default("50"),
        key(
            "servers",
            Named(&Shape::Section(&INSIDE_SERVER)),
            "by name, servers that must have a young inventory; without one they are reported as missing. Names \
             compare without case and domain; two servers whose names differ only in their domains must both stand \
             here, with their domains",
        )
        .unset("none"),
    ]],
)
.needs(Needs::All(&["files"]));

/// `inside.servers.NAME`.
pub const INSIDE_SERVER: Section = Section::new(
    "inside_server",
    &[&[
        key(
            "addresses",
            some(&TEXT),
            "the addresses under which others reach it",
        )
        .unset("those in its inventory"),
        key(
            "max_age",
            Duration,
            "as `inside.max_age`, for its inventory",
        )
        .unset("`inside.max_age`"),
    ]],
);

/// How many next hops of a server have series of their own.
pub(super) const NEXT_HOPS: RangeInclusive<u16> = 0..=1000;

/// `probe_endpoint`.
pub const PROBE_ENDPOINT: Section = Section::new("probe_endpoint", &[&[
    key(
        "ports",
        some(&target::PORT),
        "the ports that `/probe` may connect to",
    )
        .default("[25, 465, 587]"),
    key(
        "allow",
        some(&TEXT),
        "networks or addresses that it may connect to, checked after the name is resolved",
    )
        .default("[\"0.0.0.0/0\", \"::/0\"]"),
    key(
        "deny",
        any(&TEXT),
        "networks or addresses that it may not connect to although they are allowed, in addition to those closed by \
         default. An IPv4 address inside an IPv6 one (mapped, compatible, translated, 6to4, NAT64, Teredo, ISATAP) \
         counts as the IPv4 address, too",
    )
        .unset("none"),
    key(
        "deny_default",
        Flag,
        "`off` opens what is closed by default: loopback, link-local, unspecified, multicast, broadcast, reserved, \
         metadata services of clouds",
    )
        .default("on"),
    key(
        "enabled",
        Flag,
        "`false`: `/probe` answers 404",
    )
        .default("true"),
    key(
        "modules",
        Named(&Shape::Section(&MODULE)),
        "by name: the keys of `defaults`, and `server_name`",
    )
        .unset("`smtp`, `smtps`"),
]]);
