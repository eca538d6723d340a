//! What a metric family about targets or endpoints is: its definition, and how its samples are found.

use crate::metric::Metric;
use crate::report::{
    DomainReport, Entry, HostReport, Inside, PublishedFailures, ServerReport, Snapshot,
    TargetReport,
};
use crate::timestamp::Timestamp;

/// Takes the samples of one family: the values of its own labels, in the order of their names, and the number.
pub(in crate::render) type Sink<'a> = &'a mut dyn FnMut(&[&str], f64);

/// What a family's samples are made from.
pub(in crate::render) enum Samples {
    /// One endpoint, as of a moment.
    Entry(fn(&Entry, Timestamp, Sink<'_>)),
    /// One endpoint that is a known mail server.
    Paired(fn(&ServerReport, Sink<'_>)),
    /// One target.
    Target(fn(&TargetReport, Sink<'_>)),
    /// One host or mail domain in a view.
    Name(NameSamples),
    /// The views whose resolvers are trusted to validate.
    View(fn(&Snapshot, Sink<'_>)),
    /// One mail server.
    Server(fn(&ServerReport, Timestamp, Sink<'_>)),
    /// The inside of all mail servers.
    Inside(fn(&Inside, Sink<'_>)),
}

/// What a family about hosts and mail domains is made from.
pub(in crate::render) enum NameSamples {
    /// One host in a view, as of a moment.
    Host(fn(&HostReport, Timestamp, Sink<'_>)),
    /// One mail domain in a view, as of a moment.
    Domain(fn(&DomainReport, Timestamp, Sink<'_>)),
    /// Either, with what its endpoints find.
    Failures {
        host: fn(&HostReport, &PublishedFailures<'_>, Sink<'_>),
        domain: fn(&DomainReport, &PublishedFailures<'_>, Sink<'_>),
    },
}

/// One metric family.
pub(in crate::render) struct Family {
    pub(in crate::render) metric: Metric,
    pub(in crate::render) samples: Samples,
}

/// The labels of every endpoint's series, before the target's own.
pub(in crate::render) const ENDPOINT_LABELS: [&str; 6] =
    ["target", "host", "port", "view", "address", "offer"];
/// And of every target's.
pub(in crate::render) const TARGET_LABELS: [&str; 1] = ["target"];
/// What the other subjects' series have besides.
pub(super) const SUBJECT_LABELS: [&str; 2] = ["domain", "server"];

pub(super) const fn entry(metric: Metric, samples: fn(&Entry, Timestamp, Sink<'_>)) -> Family {
    Family {
        metric,
        samples: Samples::Entry(samples),
    }
}

pub(super) const fn target(metric: Metric, samples: fn(&TargetReport, Sink<'_>)) -> Family {
    Family {
        metric,
        samples: Samples::Target(samples),
    }
}

pub(super) const fn host(metric: Metric, samples: fn(&HostReport, Timestamp, Sink<'_>)) -> Family {
    Family {
        metric,
        samples: Samples::Name(NameSamples::Host(samples)),
    }
}

pub(super) const fn domain(
    metric: Metric,
    samples: fn(&DomainReport, Timestamp, Sink<'_>),
) -> Family {
    Family {
        metric,
        samples: Samples::Name(NameSamples::Domain(samples)),
    }
}

pub(super) const fn server(
    metric: Metric,
    samples: fn(&ServerReport, Timestamp, Sink<'_>),
) -> Family {
    Family {
        metric,
        samples: Samples::Server(samples),
    }
}

pub(super) const fn inside(metric: Metric, samples: fn(&Inside, Sink<'_>)) -> Family {
    Family {
        metric,
        samples: Samples::Inside(samples),
    }
}

pub(super) const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric::gauge(name, help)
}
