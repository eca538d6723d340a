//! The exporter as a program of its own, seen from outside.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// The real binary while it serves.
pub(crate) struct Service {
    child: Child,
    address: SocketAddr,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    pub(crate) fn start(directory: &Path, config: &str) -> Outcome<Self> {
        let file = directory.join("exporter.yml");
        fs::write(&file, config)?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_smtp-tls-exporter"))
            .arg("--config.file")
            .arg(&file)
            .args(["--web.listen-address=127.0.0.1:0", "--log.level=info"])
            .stderr(Stdio::piped())
            .spawn()?;
        let log = child.stderr.take().ok_or("no log")?;
        let mut lines = BufReader::new(log).lines();
        let address = loop {
            let line = lines.next().ok_or("it does not start")??;
            if let Some((_, rest)) = line.split_once("address=127.0.0.1:") {
                let port = rest.split(' ').next().unwrap_or_default();
                break format!("127.0.0.1:{port}").parse()?;
            }
        };
        // The log has to be read on, or the exporter would wait for us.
        std::thread::spawn(move || lines.count());
        Ok(Self { child, address })
    }

    /// How many bytes an answer has.
    pub(crate) fn scrape(&self, timeout: f64, gzip: bool) -> Outcome<usize> {
        Ok(self.get(timeout, gzip)?.len())
    }

    pub(crate) fn get(&self, timeout: f64, gzip: bool) -> Outcome<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address)?;
        let encoding = if gzip {
            "Accept-Encoding: gzip\r\n"
        } else {
            ""
        };
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{encoding}X-Prometheus-Scrape-Timeout-Seconds: {timeout}\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// Memory in MB: `VmRSS` is what it has now, `VmHWM` the most that it had.
    pub(crate) fn memory(&self, which: &str) -> Outcome<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find(|line| line.starts_with(which));
        let kib = line.and_then(|line| line.split_ascii_whitespace().nth(1));
        Ok(kib.ok_or("no such memory")?.parse::<f64>()? / 1000.0 * 1.024)
    }

    /// CPU time in seconds, from ticks of 10 ms.
    pub(crate) fn cpu(&self) -> Outcome<f64> {
        let stat = self.proc("stat")?;
        let (_, rest) = stat.rsplit_once(')').ok_or("no stat")?;
        let fields = rest.split_ascii_whitespace().skip(11).take(2);
        let ticks = fields.map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        Ok(ticks / 100.0)
    }

    fn proc(&self, name: &str) -> Outcome<String> {
        let mut text = String::new();
        File::open(format!("/proc/{}/{name}", self.child.id()))?.read_to_string(&mut text)?;
        Ok(text)
    }
}
