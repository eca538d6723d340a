//! A configuration into a running exporter, the binary under test, and its metrics page into samples.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::network::{free_address, get};
use super::process::Process;
use super::samples::Samples;

/// The exporter at work.
pub(crate) struct Exporter {
    pub(crate) address: SocketAddr,
    process: Process,
}

impl Exporter {
    /// Starts it with the configuration `yaml`.
    pub(crate) fn start(place: &Path, yaml: &str) -> Self {
        let config = place.join("smtp-tls-exporter.yml");
        fs::write(&config, yaml).expect("a file of ours");
        let address = free_address();
        let mut command = Command::new(env!("CARGO_BIN_EXE_smtp-tls-exporter"));
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--web.listen-address={address}"));
        let log = place.join("exporter.log");
        let mut process = Process::start("the exporter", &mut command, &log);
        process.until("the exporter answers", || get(address, "/-/healthy"));
        Self { address, process }
    }

    /// Scrapes until the page has what `look` wants.
    pub(crate) fn until<T>(
        &mut self,
        awaited: &str,
        mut look: impl FnMut(&Samples) -> Result<T, String>,
    ) -> T {
        let address = self.address;
        self.process.until(awaited, || {
            let page = get(address, "/metrics")?;
            look(&Samples::read(&page))
        })
    }
}
