//! TLS servers with certificates of our own making, modern and old, good and broken.

use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod, SslVersion};
use openssl::x509::X509;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256,
    RsaKeySize, date_time_ymd,
};

/// A certificate that others are signed by.
pub(crate) type Ca = CertifiedIssuer<'static, KeyPair>;

/// One that nobody signed but itself.
pub(crate) fn ca(name: &str) -> Ca {
    CertifiedIssuer::self_signed(ca_params(name), KeyPair::generate().unwrap()).unwrap()
}

/// What makes a certificate one that others may be signed by.
pub(crate) fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// What a server shows: its chain, its own certificate first, and the key of that.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<Vec<u8>>,
    key: Vec<u8>,
}

impl Identity {
    /// Of a name; its key is RSA's, as old servers have it.
    pub(crate) fn new(by: &Ca, name: &str) -> Self {
        Self::with(by, name, |_| ())
    }

    /// That is out of date.
    pub(crate) fn expired(by: &Ca, name: &str) -> Self {
        Self::with(by, name, |params| params.not_after = date_time_ymd(2020, 1, 1))
    }

    /// That nobody vouches for.
    pub(crate) fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
        Self { chain: vec![own.der().to_vec()], key: key.serialize_der() }
    }

    fn with(by: &Ca, name: &str, change: impl Fn(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let own = params.signed_by(&key, by).unwrap();
        Self { chain: vec![own.der().to_vec()], key: key.serialize_der() }
    }

    /// A server that shows it, as `change` sets it up.
    pub(crate) fn acceptor(&self, change: impl Fn(&mut SslAcceptorBuilder)) -> SslAcceptor {
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        let mut chain = self.chain.iter().map(|der| X509::from_der(der).unwrap());
        builder.set_certificate(&chain.next().unwrap()).unwrap();
        for more in chain {
            builder.add_extra_chain_cert(more).unwrap();
        }
        builder.set_private_key(&PKey::private_key_from_der(&self.key).unwrap()).unwrap();
        change(&mut builder);
        builder.build()
    }
}

/// As servers are today.
pub(crate) fn modern(_builder: &mut SslAcceptorBuilder) {}

/// TLS 1.2 with nothing but RSA key exchange and CBC, as old portals have it.
pub(crate) fn old(builder: &mut SslAcceptorBuilder) {
    builder.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    builder.set_cipher_list("AES128-SHA").unwrap();
}
