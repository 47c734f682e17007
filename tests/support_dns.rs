//! A name server of our own on loopback: it answers what a test makes it answer.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::thread;

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// What a question is answered with: a code, and records in order, each with the name that it stands at (its
/// trailing dot need not be written).
pub(crate) type Answer = (ResponseCode, Vec<(String, RData)>);

/// The records of a name that has these addresses, of the type that is asked for.
pub(crate) fn addresses(name: &str, kind: RecordType, addresses: &[&str]) -> Answer {
    let records = addresses.iter().filter_map(|text| match text.parse().unwrap() {
        IpAddr::V4(four) => (kind == RecordType::A).then_some(RData::A(A(four))),
        IpAddr::V6(six) => (kind == RecordType::AAAA).then_some(RData::AAAA(AAAA(six))),
    });
    (ResponseCode::NoError, records.map(|data| (name.to_owned(), data)).collect())
}

/// Serves to the end of the test. `answer` is told the name asked for, the type, and how often both were
/// asked for before; none is silence. Nothing may be kept: its records live no second.
pub(crate) fn serve(
    answer: impl Fn(&str, RecordType, usize) -> Option<Answer> + Send + 'static,
) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut asked = HashMap::new();
        let mut question = [0; 4_096];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let mut message = Message::from_vec(&question[..length]).unwrap();
            let query = message.queries[0].clone();
            let name = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
            let before = asked.entry((name.clone(), query.query_type())).or_insert(0);
            let times = *before;
            *before += 1;
            let Some((code, records)) = answer(&name, query.query_type(), times) else { continue };
            let record = |(name, data): (String, RData)| Record::from_rdata(fqdn(&name), 0, data);
            message.insert_answers(records.into_iter().map(record).collect());
            message.metadata.response_code = code;
            message.metadata.message_type = MessageType::Response;
            socket.send_to(&message.to_vec().unwrap(), from).unwrap();
        }
    });
    address
}

/// A name from the root on.
pub(crate) fn fqdn(name: &str) -> Name {
    Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).unwrap()
}
