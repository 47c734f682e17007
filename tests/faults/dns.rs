//! A name server (RFC 1035) that does wrong whatever a name of a host asks for.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use super::fault::{Fault, name};

const HEAD: usize = 12;
const ANSWERED: [u8; 2] = [0x84, 0x00];
const CUT_SHORT: [u8; 2] = [0x86, 0x00];
const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;

/// The name that a question asks for: a pointer to where it stands.
const ASKED_NAME: [u8; 2] = [0xc0, 12];

/// The names that are there lead nowhere that can be asked.
pub(super) fn faults() -> Vec<Fault> {
    let unresolved = [
        "name that is not there",
        "name server that fails",
        "name server that refuses",
        "name server that is silent",
        "name server that babbles",
        "name server that answers others",
        "name without an address",
        "name that is cut short",
        "name that is its own alias",
        "name with an alias that is not there",
    ];
    let elsewhere = [
        name(
            "name of a private network",
            ["waiting: disallow forbidden_address", "failure forbidden_address", "robots.txt"],
        ),
        name(
            "name with a thousand addresses",
            ["waiting: disallow connect", "failure connect", "robots.txt"],
        ),
    ];
    let unresolved =
        unresolved.map(|one| name(one, ["waiting: disallow dns", "failure dns", "robots.txt"]));
    unresolved.into_iter().chain(elsewhere).collect()
}

/// A question, as it came.
struct Question<'a> {
    message: &'a [u8],
    /// Where the question ends.
    end: usize,
    /// The first label of its name.
    label: String,
    is_of_address: bool,
}

impl<'a> Question<'a> {
    fn read(message: &'a [u8]) -> Self {
        let length = usize::from(message[HEAD]);
        let label = String::from_utf8_lossy(&message[HEAD + 1..=HEAD + length]).into_owned();
        let root = HEAD + message[HEAD..].iter().position(|byte| *byte == 0).unwrap();
        let is_of_address = message[root + 1..root + 3] == TYPE_A.to_be_bytes();
        Self { message, end: root + 5, label, is_of_address }
    }

    /// A message that answers it: with these flags, this code, and these records.
    fn answer(&self, flags: [u8; 2], code: u8, records: &[Vec<u8>]) -> Vec<u8> {
        let count = u16::try_from(records.len()).unwrap().to_be_bytes();
        let mut answer = self.message[..self.end].to_vec();
        answer[2..4].copy_from_slice(&[flags[0], flags[1] | code]);
        answer[6..8].copy_from_slice(&count);
        answer[8..HEAD].fill(0);
        answer.extend(records.concat());
        answer
    }
}

fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    let (kind, internet, lasting) = (kind.to_be_bytes(), [0, 1], [0, 0, 0, 60]);
    [name, &kind, &internet, &lasting, &length, data].concat()
}

fn labels(name: &str) -> Vec<u8> {
    let mut labels = Vec::new();
    for label in name.split('.') {
        labels.push(u8::try_from(label.len()).unwrap());
        labels.extend_from_slice(label.as_bytes());
    }
    labels.push(0);
    labels
}

/// What is said to a question, if anything.
fn answer(question: &Question<'_>) -> Option<Vec<u8>> {
    let none: &[Vec<u8>] = &[];
    let alias = |of: &str| record(&ASKED_NAME, TYPE_CNAME, &labels(of));
    Some(match question.label.as_str() {
        "name-server-that-fails" => question.answer(ANSWERED, 2, none),
        "name-server-that-refuses" => question.answer(ANSWERED, 5, none),
        "name-server-that-is-silent" => return None,
        "name-server-that-babbles" => b"\xff\x00SSH-2.0-name-server\r\n".repeat(20),
        "name-server-that-answers-others" => {
            let other = record(&labels("www.qingshan.gov.cn"), TYPE_A, &[127, 9, 1, 1]);
            question.answer(ANSWERED, 0, &[other])
        }
        "name-without-an-address" => question.answer(ANSWERED, 0, none),
        "name-that-is-cut-short" | "name-with-a-thousand-addresses" => {
            question.answer(CUT_SHORT, 0, none)
        }
        "name-that-is-its-own-alias" => {
            question.answer(ANSWERED, 0, &[alias("name-that-is-its-own-alias.yunling.gov.cn")])
        }
        "name-with-an-alias-that-is-not-there" => {
            question.answer(ANSWERED, 0, &[alias("nowhere.yunling.gov.cn")])
        }
        "name-of-a-private-network" if question.is_of_address => {
            question.answer(ANSWERED, 0, &[record(&ASKED_NAME, TYPE_A, &[10, 0, 0, 1])])
        }
        _ => question.answer(ANSWERED, 3, none),
    })
}

/// What is said to who asks again by TCP, where there is room.
fn answer_at_length(question: &Question<'_>) -> Option<Vec<u8>> {
    if question.label != "name-with-a-thousand-addresses" {
        return None;
    }
    let address = |number: u16| {
        let [high, low] = number.to_be_bytes();
        record(&ASKED_NAME, TYPE_A, &[127, 77, high, low])
    };
    let addresses: Vec<_> = (0..1000).filter(|_| question.is_of_address).map(address).collect();
    Some(question.answer(ANSWERED, 0, &addresses))
}

/// Serves to the end of the test, by UDP and by TCP; where.
pub(super) fn serve() -> SocketAddr {
    let (udp, tcp) = both();
    let address = udp.local_addr().unwrap();
    thread::spawn(move || {
        let mut message = [0; 4096];
        loop {
            let (length, from) = udp.recv_from(&mut message).unwrap();
            if let Some(answer) = answer(&Question::read(&message[..length])) {
                udp.send_to(&answer, from).unwrap();
            }
        }
    });
    thread::spawn(move || {
        for stream in tcp.incoming() {
            // Whoever has gone wants no answer.
            let _sent = stream.and_then(talk);
        }
    });
    address
}

/// Two bytes of length come first (RFC 1035, section 4.2.2).
fn talk(mut stream: TcpStream) -> io::Result<()> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    let Some(answer) = answer_at_length(&Question::read(&message)) else { return Ok(()) };
    let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], &answer].concat())
}

/// One port that is free for both.
fn both() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.9.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
}
