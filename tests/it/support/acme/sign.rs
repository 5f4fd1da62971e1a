//! Signs requests for certificates (PKCS #10), after it has checked that they are for the domains of their order and by whoever has the
//! key.

use std::time::Duration;

use aurix::domain::time::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
    PublicKeyData, SignatureAlgorithm,
};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

/// Bytes of a name in a request: context tag 2 within the list of names.
const DNS_NAME: u8 = 0x82;

/// The authority's key.
pub(super) struct Signer {
    root: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// The key that a certificate is asked for.
struct Asked(Vec<u8>);

impl PublicKeyData for Asked {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl Signer {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::OrganizationName, "Test Authority");
        params.distinguished_name.push(DnType::CommonName, "T1");
        let key = KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("signed");
        Self { root, issuer: Issuer::new(params, key) }
    }

    pub(super) fn root(&self) -> Vec<u8> {
        self.root.der().to_vec()
    }

    /// The chain for a request, PEM.
    pub(super) fn sign(
        &self,
        request: &[u8],
        names: &[String],
        (from, lifetime): (Timestamp, SignedDuration),
    ) -> String {
        let key = public_key(request);
        for name in names {
            let tag = [DNS_NAME, u8::try_from(name.len()).expect("short")];
            let wanted = [&tag[..], name.as_bytes()].concat();
            assert!(request.windows(wanted.len()).any(|window| window == wanted), "{name} is asked for");
        }
        let mut params = CertificateParams::new(names.to_vec()).expect("names");
        let at = |time: Timestamp| {
            let seconds = u64::try_from(time.as_second()).expect("after 1970");
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
        };
        (params.not_before, params.not_after) = (at(from), at(from + lifetime));
        let certificate = params.signed_by(&Asked(key), &self.issuer).expect("signed");
        [certificate.pem(), self.root.pem()].concat()
    }
}

/// The key of a request, which it is signed with.
fn public_key(request: &[u8]) -> Vec<u8> {
    let read = yasna::parse_der(request, |reader| {
        reader.read_sequence(|fields| {
            let info = fields.next().read_der()?;
            fields.next().read_der()?;
            Ok((info, fields.next().read_bitvec_bytes()?.0))
        })
    });
    let (info, signature) = read.expect("a request");
    let key = yasna::parse_der(&info, |reader| {
        reader.read_sequence(|fields| {
            fields.next().read_i64()?;
            fields.next().read_der()?;
            let key = fields.next().read_sequence(|key| {
                key.next().read_der()?;
                Ok(key.next().read_bitvec_bytes()?.0)
            })?;
            fields.next().read_der()?;
            Ok(key)
        })
    });
    let key = key.expect("a request with a key");
    let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key).verify(&info, &signature);
    assert!(verified.is_ok(), "whoever asks has the key");
    key
}
