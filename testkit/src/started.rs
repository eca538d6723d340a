//! A configuration into a running Prometheus or Alertmanager, with all that it writes in one directory; must not know what
//! is configured.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::network::{free_address, get};
use crate::process::{Process, program};

/// Prometheus, when it is ready.
pub fn prometheus(home: &Path, config: &str) -> (Process, SocketAddr) {
    let storage = format!("--storage.tsdb.path={}", home.join("data").display());
    start("prometheus", &[storage], home, config)
}

/// Alertmanager, when it is ready; it knows no other.
pub fn alertmanager(home: &Path, config: &str) -> (Process, SocketAddr) {
    let storage = format!("--storage.path={}", home.join("data").display());
    let alone = "--cluster.listen-address=".to_owned();
    start("prometheus-alertmanager", &[storage, alone], home, config)
}

fn start(name: &str, arguments: &[String], home: &Path, config: &str) -> (Process, SocketAddr) {
    let file = home.join("config.yml");
    fs::write(&file, config).expect("a file of ours");
    let address = free_address();
    let mut command = Command::new(program(name));
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--web.listen-address={address}"))
        .args(arguments);
    let mut process = Process::start(name, &mut command, &home.join("log"));
    process.until(&format!("{name} is ready"), || get(address, "/-/ready"));
    (process, address)
}
