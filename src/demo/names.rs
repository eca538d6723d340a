//! One name and its address to a DNS server over UDP that knows nothing else.
#![expect(
    clippy::disallowed_methods,
    reason = "the name servers of the demo listen on loopback"
)]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{RData, Record};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Seconds that an answer may be kept.
const TTL: u32 = 60;

/// A running server; ends with its handle.
pub(super) struct NameServer {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl NameServer {
    /// Listens on any port of 127.0.0.1.
    pub(super) async fn start(name: &'static str, address: Ipv4Addr) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            address: socket.local_addr()?,
            task: tokio::spawn(answer(socket, name, address)),
        })
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(socket: UdpSocket, name: &'static str, address: Ipv4Addr) {
    let mut buffer = [0; 512];
    while let Ok((read, from)) = socket.recv_from(&mut buffer).await {
        if let Some(reply) = reply(&buffer[..read], name, address) {
            // A client that is gone asks no more.
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

fn reply(question: &[u8], known: &str, address: Ipv4Addr) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    let name = query.name().to_ascii().to_ascii_lowercase();
    let data = RData::from(std::net::IpAddr::from(address));
    if name.trim_end_matches('.') != known {
        reply.metadata.response_code = ResponseCode::NXDomain;
    } else if query.query_type() == data.record_type() {
        reply.add_answer(Record::from_rdata(query.name().clone(), TTL, data));
    }
    reply.add_query(query);
    reply.to_vec().ok()
}
