//! A name server of our own on loopback: it answers what a test makes it answer.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::thread;

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// What a question is answered with: records in order, each with the name that it stands at (a trailing dot
/// need not be written). None: the name does not exist.
pub(crate) type Answer = Option<Vec<(String, RData)>>;

/// Serves to the end of the test. `answer` is told the name asked for, the type, and how often both were
/// asked for before. Nothing may be kept: its records live no second.
pub(crate) fn serve(
    answer: impl Fn(&str, RecordType, usize) -> Answer + Send + 'static,
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
            match answer(&name, query.query_type(), *before) {
                Some(records) => message.insert_answers(
                    records
                        .into_iter()
                        .map(|(name, data)| Record::from_rdata(fqdn(&name), 0, data))
                        .collect(),
                ),
                None => message.metadata.response_code = ResponseCode::NXDomain,
            }
            *before += 1;
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
