//! What an X.509 certificate says of itself: by whom, for which names, from when until when. Whether that is so is for TLS to verify.

use jiff::{SignedDuration, Timestamp};
use yasna::models::ObjectIdentifier;
use yasna::tags::{TAG_GENERALIZEDTIME, TAG_UTCTIME};
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, BERReaderSeq, Tag};

/// Who issued it, by their organisation and by the name of their certificate.
const ORGANIZATION: &[u64] = &[2, 5, 4, 10];
const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];
/// Names of hosts among the names of a certificate, and addresses.
const DNS_NAME: u64 = 2;
const IP_ADDRESS: u64 = 7;
/// Names of one certificate that are read.
const NAMES_MAX: usize = 1_000;

/// A certificate, as far as people ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// `Let's Encrypt, R11`
    pub issuer: String,
    /// Names of hosts, in lower case, and addresses.
    pub names: Vec<String>,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// These bytes are no certificate.
#[derive(Debug, thiserror::Error)]
#[error("this is no X.509 certificate")]
pub struct NoCertificate;

impl Certificate {
    /// Reads a certificate in DER (RFC 5280).
    pub fn parse(der: &[u8]) -> Result<Self, NoCertificate> {
        let certificate = yasna::parse_der(der, |reader| {
            reader.read_sequence(|fields| {
                let certificate = fields.next().read_sequence(body)?;
                fields.next().read_der()?;
                fields.next().read_der()?;
                Ok(certificate)
            })
        });
        certificate.map_err(|_| NoCertificate)
    }

    /// Whether it is for this host, as browsers take it: a star stands for one label.
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let parent = host.split_once('.').map(|(_, parent)| parent);
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(domain) => Some(domain) == parent,
            None => *name == host,
        })
    }

    /// How long it is valid in all.
    pub fn lifetime(&self) -> SignedDuration {
        self.not_after.duration_since(self.not_before)
    }
}

/// `TBSCertificate`.
fn body(fields: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Certificate> {
    fields.read_optional(|version| version.read_tagged(Tag::context(0), |reader| reader.read_i64()))?;
    fields.next().read_bigint_bytes()?;
    fields.next().read_der()?;
    let issuer = in_words(fields.next())?;
    let (not_before, not_after) =
        fields.next().read_sequence(|times| Ok((time(times.next())?, time(times.next())?)))?;
    // The subject, and its key.
    fields.next().read_der()?;
    fields.next().read_der()?;
    for tag in [1, 2] {
        fields.read_optional(|unique_id| {
            unique_id.read_tagged_implicit(Tag::context(tag), |reader| reader.read_bitvec_bytes())
        })?;
    }
    let names = fields.read_optional(|extensions| extensions.read_tagged(Tag::context(3), names))?.unwrap_or_default();
    Ok(Certificate { issuer, names, not_before, not_after })
}

/// A `Name`: organisation and common name.
fn in_words(reader: BERReader<'_, '_>) -> ASN1Result<String> {
    let (organization, common) =
        (ObjectIdentifier::from_slice(ORGANIZATION), ObjectIdentifier::from_slice(COMMON_NAME));
    let mut parts = [None, None];
    reader.read_sequence_of(|relative| {
        relative.read_set_of(|attribute| {
            attribute.read_sequence(|pair| {
                let (kind, value) = (pair.next().read_oid()?, pair.next().read_tagged_der()?);
                let text = || Some(String::from_utf8_lossy(value.value()).into_owned());
                match kind {
                    kind if kind == organization => parts[0] = text(),
                    kind if kind == common => parts[1] = text(),
                    _ => {}
                }
                Ok(())
            })
        })
    })?;
    Ok(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// `UTCTime` until 2049, `GeneralizedTime` from then on.
fn time(reader: BERReader<'_, '_>) -> ASN1Result<Timestamp> {
    let seconds = match reader.lookahead_tag()? {
        TAG_UTCTIME => reader.read_utctime()?.datetime().unix_timestamp(),
        TAG_GENERALIZEDTIME => reader.read_generalized_time()?.datetime().unix_timestamp(),
        _ => return Err(ASN1Error::new(ASN1ErrorKind::Invalid)),
    };
    Timestamp::from_second(seconds).map_err(|_| ASN1Error::new(ASN1ErrorKind::Invalid))
}

/// The names among the extensions.
fn names(extensions: BERReader<'_, '_>) -> ASN1Result<Vec<String>> {
    let wanted = ObjectIdentifier::from_slice(SUBJECT_ALT_NAME);
    let mut names = Vec::new();
    extensions.read_sequence_of(|extension| {
        extension.read_sequence(|fields| {
            let kind = fields.next().read_oid()?;
            fields.read_optional(|critical| critical.read_bool())?;
            let value = fields.next().read_bytes()?;
            if kind == wanted {
                names = yasna::parse_der(&value, alternative_names)?;
            }
            Ok(())
        })
    })?;
    Ok(names)
}

fn alternative_names(reader: BERReader<'_, '_>) -> ASN1Result<Vec<String>> {
    let mut names = Vec::new();
    reader.read_sequence_of(|name| {
        let name = name.read_tagged_der()?;
        let text = match name.tag().tag_number {
            DNS_NAME => Some(String::from_utf8_lossy(name.value()).to_ascii_lowercase()),
            IP_ADDRESS => address(name.value()),
            _ => None,
        };
        names.extend(text.filter(|_| names.len() < NAMES_MAX));
        Ok(())
    })?;
    Ok(names)
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from)).ok().map(|address| address.to_string())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn certificate(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        change(&mut params);
        params.self_signed(&KeyPair::generate().expect("a key")).expect("signed").der().to_vec()
    }

    #[test]
    fn a_certificate_says_by_whom_for_whom_and_until_when() {
        let der = certificate(&["Aurix.example", "*.shops.example", "192.0.2.7"], |params| {
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::CountryName, "SG");
            params.distinguished_name.push(DnType::OrganizationName, "Let's Encrypt");
            params.distinguished_name.push(DnType::CommonName, "R11");
            params.not_before = rcgen::date_time_ymd(2026, 1, 2);
            params.not_after = rcgen::date_time_ymd(2055, 4, 2);
        });
        let read = Certificate::parse(&der).expect("a certificate");
        assert_eq!(read.issuer, "Let's Encrypt, R11");
        assert_eq!(read.names, ["aurix.example", "*.shops.example", "192.0.2.7"]);
        assert_eq!(read.not_before.to_string(), "2026-01-02T00:00:00Z");
        assert_eq!(read.not_after.to_string(), "2055-04-02T00:00:00Z");
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let read = Certificate::parse(&certificate(&["aurix.example", "*.shops.example"], |_| {})).expect("one");
        let check = |host, expected| assert_eq!(read.is_for(host), expected, "{host}");
        check("aurix.example", true);
        check("AURIX.example.", true);
        check("www.aurix.example", false);
        check("a.shops.example", true);
        check("a.b.shops.example", false);
        check("shops.example", false);
        check("example", false);
    }

    #[test]
    fn a_certificate_without_names_or_extensions_has_none() {
        let read = Certificate::parse(&certificate(&[], |_| {})).expect("one");
        assert_eq!((read.names.len(), read.issuer.as_str()), (0, "rcgen self signed cert"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_server_sends_is_a_certificate_or_none(at in 0_usize..300, byte: u8, cut in 0_usize..400) {
            let mut der = certificate(&["aurix.example"], |_| {});
            let at = at.min(der.len() - 1);
            der[at] = byte;
            der.truncate(cut);
            let _ = Certificate::parse(&der);
        }
    }
}
