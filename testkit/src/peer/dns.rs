//! A DNS server made up in this process: records by name, over UDP and TCP on one port; ends with its handle.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, MX, NS, NULL, TLSA, TXT};
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
    /// A TLSA record: its numbers and its data.
    Tlsa([u8; 3], Vec<u8>),
    /// A TXT record of these strings.
    Txt(Vec<&'static str>),
    /// An NS record.
    Ns(&'static str),
    /// All that is at this name is signed.
    Signed,
    /// The TTL of its records, and how much of it is left.
    Ttl(u32, u32),
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
    validates: Arc<AtomicBool>,
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
        let validates = Arc::new(AtomicBool::new(true));
        let answers = Answers {
            zone: Arc::clone(&zone),
            asked: Arc::clone(&asked),
            validates: Arc::clone(&validates),
        };
        let tasks = [
            tokio::spawn(over_udp(udp, answers.clone())),
            tokio::spawn(over_tcp(tcp, answers)),
        ];
        Ok(Self {
            address,
            zone,
            asked,
            validates,
            tasks,
        })
    }

    /// Answers with other records from now on.
    pub fn change(&self, zone: Zone) {
        *self.zone.lock().expect("no panic") = zone;
    }

    /// From now on says of what is signed that it is, to those who ask, or does not.
    pub fn validates(&self, validates: bool) {
        self.validates.store(validates, Ordering::Relaxed);
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

/// What both sockets answer from.
#[derive(Clone)]
struct Answers {
    zone: Arc<Mutex<Zone>>,
    asked: Arc<AtomicUsize>,
    validates: Arc<AtomicBool>,
}

async fn over_udp(socket: UdpSocket, answers: Answers) {
    let mut buffer = [0; 4096];
    while let Ok((read, from)) = socket.recv_from(&mut buffer).await {
        let reply = answers.reply(&buffer[..read], true);
        if let Some(reply) = reply {
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

async fn over_tcp(listener: TcpListener, answers: Answers) {
    while let Ok((stream, _)) = listener.accept().await {
        let answers = answers.clone();
        tokio::spawn(async move {
            let _ = converse(stream, &answers).await;
        });
    }
}

async fn converse(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; length.into()];
        stream.read_exact(&mut question).await?;
        if let Some(reply) = answers.reply(&question, false) {
            let length = u16::try_from(reply.len()).expect("a short reply");
            stream.write_u16(length).await?;
            stream.write_all(&reply).await?;
        }
    }
}

impl Answers {
    fn reply(&self, question: &[u8], is_udp: bool) -> Option<Vec<u8>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let zone = self.zone.lock().expect("no panic");
        let question = Message::from_vec(question).ok()?;
        let mut reply = reply(&question, &zone, is_udp)?;
        let wants_flag = question.metadata.authentic_data || wants_signatures(&question);
        reply.metadata.authentic_data &= wants_flag && self.validates.load(Ordering::Relaxed);
        // As servers do with what does not fit (RFC 2181 §9).
        let bytes = reply.to_vec().ok()?;
        let room = question
            .edns
            .as_ref()
            .map_or(512, |edns| edns.max_payload());
        if is_udp && bytes.len() > room.into() {
            reply.answers.clear();
            reply.metadata.truncation = true;
            return reply.to_vec().ok();
        }
        Some(bytes)
    }
}

fn wants_signatures(question: &Message) -> bool {
    let edns = question.edns.as_ref();
    edns.is_some_and(|edns| edns.flags().dnssec_ok)
}

fn reply(question: &Message, zone: &Zone, is_udp: bool) -> Option<Message> {
    let query = question.queries.first()?.clone();
    let with_edns = question.edns.is_some();
    let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    let mut name = query.name().clone();
    reply.add_query(query.clone());
    reply.metadata.authentic_data = true;
    // A chain of aliases, or a loop of them.
    for _ in 0..8 {
        let key = name.to_ascii().to_ascii_lowercase();
        let Some(answers) = zone.get(key.trim_end_matches('.')) else {
            reply.metadata.response_code = ResponseCode::NXDomain;
            break;
        };
        reply.metadata.authentic_data &= answers.iter().any(|a| matches!(a, Answer::Signed));
        let (published, left) = ttl(answers);
        let begun = reply.answers.len();
        let mut alias = None;
        for answer in answers {
            match answer {
                Answer::Silence => return None,
                Answer::Fails(kind, None) if *kind == query.query_type() => return None,
                Answer::Fails(kind, Some(code)) if *kind == query.query_type() => {
                    reply.metadata.response_code = *code;
                    return Some(reply);
                }
                Answer::NoEdns(None) if with_edns => return None,
                Answer::NoEdns(Some(code)) if with_edns => {
                    reply.metadata.response_code = *code;
                    return Some(reply);
                }
                Answer::Code(code) => reply.metadata.response_code = *code,
                Answer::TooLong if is_udp => {
                    reply.metadata.truncation = true;
                    return Some(reply);
                }
                Answer::Cname(to) if query.query_type() != RecordType::CNAME => {
                    alias = Some(record_name(to));
                }
                answer => reply
                    .answers
                    .extend(record(&name, answer, query.query_type(), left)),
            }
        }
        if reply.answers.len() > begun && wants_signatures(question) {
            let signature = signature(&name, query.query_type(), published, left);
            reply.answers.push(signature);
        }
        let Some(to) = alias else { break };
        let data = RData::CNAME(CNAME(to.clone()));
        reply.add_answer(Record::from_rdata(name, 60, data));
        name = to;
    }
    Some(reply)
}

/// As published, and what is left of it.
fn ttl(answers: &[Answer]) -> (u32, u32) {
    let ttls = answers.iter().find_map(|answer| match answer {
        Answer::Ttl(published, left) => Some((*published, *left)),
        _ => None,
    });
    ttls.unwrap_or((60, 60))
}

/// An RRSIG record (RFC 4034 §3.1) in which only the types and TTLs are true.
fn signature(name: &Name, covered: RecordType, published: u32, left: u32) -> Record {
    let mut data = u16::from(covered).to_be_bytes().to_vec();
    data.extend([13, name.num_labels()]);
    data.extend(published.to_be_bytes());
    data.extend([0; 10]);
    // The root signs, with nothing.
    data.push(0);
    data.extend([0; 64]);
    let rdata = NULL::with(data);
    let code = RecordType::from(46);
    Record::from_rdata(name.clone(), left, RData::Unknown { code, rdata })
}

fn record(name: &Name, answer: &Answer, wanted: RecordType, ttl: u32) -> Option<Record> {
    let data = match answer {
        Answer::Address(address) => RData::from(*address),
        Answer::Mx(preference, host) => RData::MX(MX::new(*preference, record_name(host))),
        Answer::Cname(to) => RData::CNAME(CNAME(record_name(to))),
        Answer::Ns(host) => RData::NS(NS(record_name(host))),
        Answer::Txt(strings) => {
            let strings = strings.iter().map(|text| (*text).to_owned());
            RData::TXT(TXT::new(strings.collect()))
        }
        Answer::Tlsa([usage, selector, matching], data) => RData::TLSA(TLSA::new(
            (*usage).into(),
            (*selector).into(),
            (*matching).into(),
            data.clone(),
        )),
        _ => return None,
    };
    (data.record_type() == wanted).then(|| Record::from_rdata(name.clone(), ttl, data))
}

fn record_name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).expect("a name");
    name.set_fqdn(true);
    name
}
