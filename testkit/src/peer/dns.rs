//! A DNS server made up in this process: records by name, over UDP and TCP on one port; ends with its handle.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, MX};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

/// What a name is answered with.
#[derive(Debug, Clone)]
pub enum Answer {
    /// An A or AAAA record.
    Address(IpAddr),
    /// An MX record.
    Mx(u16, &'static str),
    /// Another name.
    Cname(&'static str),
    /// An error code instead of records.
    Code(ResponseCode),
    /// Over UDP only that it does not fit; over TCP the other answers.
    TooLong,
    /// Nothing at all.
    Silence,
    /// To questions for one type this code, or nothing at all; to others the other answers.
    Fails(RecordType, Option<ResponseCode>),
    /// To a question with EDNS this code, or nothing at all; to others the other answers.
    NoEdns(Option<ResponseCode>),
}

/// Records by name, lower-case and without the dot at the end. Other names do not exist.
pub type Zone = BTreeMap<&'static str, Vec<Answer>>;

/// A running server.
pub struct Dns {
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    asked: Arc<AtomicUsize>,
    tasks: [JoinHandle<()>; 2],
}

impl Dns {
    /// Listens on any port of 127.0.0.1.
    pub async fn start(zone: Zone) -> io::Result<Self> {
        let (udp, tcp) = bind().await?;
        Self::serve(zone, udp, tcp)
    }

    /// Answers on sockets that exist.
    pub fn serve(zone: Zone, udp: UdpSocket, tcp: TcpListener) -> io::Result<Self> {
        let address = udp.local_addr()?;
        let (zone, asked) = (Arc::new(Mutex::new(zone)), Arc::<AtomicUsize>::default());
        let tasks = [
            tokio::spawn(over_udp(udp, Arc::clone(&zone), Arc::clone(&asked))),
            tokio::spawn(over_tcp(tcp, Arc::clone(&zone), Arc::clone(&asked))),
        ];
        Ok(Self {
            address,
            zone,
            asked,
            tasks,
        })
    }

    /// Answers with other records from now on.
    pub fn change(&self, zone: Zone) {
        *self.zone.lock().expect("no panic") = zone;
    }

    /// How many questions came.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// One port that is free for both.
async fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::Error::other("no port was tried");
    for _ in 0..20 {
        let udp = UdpSocket::bind("127.0.0.1:0").await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn over_udp(socket: UdpSocket, zone: Arc<Mutex<Zone>>, asked: Arc<AtomicUsize>) {
    let mut buffer = [0; 4096];
    while let Ok((read, from)) = socket.recv_from(&mut buffer).await {
        asked.fetch_add(1, Ordering::Relaxed);
        let reply = reply(&buffer[..read], &zone, true);
        if let Some(reply) = reply {
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

async fn over_tcp(listener: TcpListener, zone: Arc<Mutex<Zone>>, asked: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (zone, asked) = (Arc::clone(&zone), Arc::clone(&asked));
        tokio::spawn(async move {
            let _ = converse(stream, &zone, &asked).await;
        });
    }
}

async fn converse(
    mut stream: TcpStream,
    zone: &Mutex<Zone>,
    asked: &AtomicUsize,
) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; length.into()];
        stream.read_exact(&mut question).await?;
        asked.fetch_add(1, Ordering::Relaxed);
        if let Some(reply) = reply(&question, zone, false) {
            let length = u16::try_from(reply.len()).expect("a short reply");
            stream.write_u16(length).await?;
            stream.write_all(&reply).await?;
        }
    }
}

fn reply(question: &[u8], zone: &Mutex<Zone>, is_udp: bool) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let with_edns = question.edns.is_some();
    let zone = zone.lock().expect("no panic");
    let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    let mut name = query.name().clone();
    reply.add_query(query.clone());
    // A chain of aliases, or a loop of them.
    for _ in 0..8 {
        let key = name.to_ascii().to_ascii_lowercase();
        let Some(answers) = zone.get(key.trim_end_matches('.')) else {
            reply.metadata.response_code = ResponseCode::NXDomain;
            break;
        };
        let mut alias = None;
        for answer in answers {
            match answer {
                Answer::Silence => return None,
                Answer::Fails(kind, None) if *kind == query.query_type() => return None,
                Answer::Fails(kind, Some(code)) if *kind == query.query_type() => {
                    reply.metadata.response_code = *code;
                    return reply.to_vec().ok();
                }
                Answer::NoEdns(None) if with_edns => return None,
                Answer::NoEdns(Some(code)) if with_edns => {
                    reply.metadata.response_code = *code;
                    return reply.to_vec().ok();
                }
                Answer::Code(code) => reply.metadata.response_code = *code,
                Answer::TooLong if is_udp => {
                    reply.metadata.truncation = true;
                    return reply.to_vec().ok();
                }
                Answer::Cname(to) => alias = Some(record_name(to)),
                answer => reply
                    .answers
                    .extend(record(&name, answer, query.query_type())),
            }
        }
        let Some(to) = alias else { break };
        let data = RData::CNAME(CNAME(to.clone()));
        reply.add_answer(Record::from_rdata(name, 60, data));
        name = to;
    }
    reply.to_vec().ok()
}

fn record(name: &Name, answer: &Answer, wanted: RecordType) -> Option<Record> {
    let data = match answer {
        Answer::Address(address) => RData::from(*address),
        Answer::Mx(preference, host) => RData::MX(MX::new(*preference, record_name(host))),
        _ => return None,
    };
    (data.record_type() == wanted).then(|| Record::from_rdata(name.clone(), 60, data))
}

fn record_name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).expect("a name");
    name.set_fqdn(true);
    name
}
