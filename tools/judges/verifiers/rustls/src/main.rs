//! `rustls-verifier ROOT CRLS CHAIN NAME`, all but the name files of PEM: what rustls says of a server's chain.
//! Prints good, or rustls' own words.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, root, crls, chain, name] = &args[..] else {
        return Err("rustls-verifier ROOT CRLS CHAIN NAME".into());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(root)? {
        roots.add(certificate?)?;
    }
    let crls = CertificateRevocationListDer::pem_file_iter(crls)?.collect::<Result<Vec<_>, _>>()?;
    let chain = CertificateDer::pem_file_iter(chain)?.collect::<Result<Vec<_>, _>>()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // Nothing else is chosen: the whole chain, and a status that is not known is an error.
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .with_crls(crls)
        .build()?;
    let name = ServerName::try_from(name.as_str())?;
    match verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], UnixTime::now()) {
        Ok(_) => println!("good"),
        Err(Error::InvalidCertificate(CertificateError::UnknownRevocationStatus)) => {
            println!("unable to get certificate CRL")
        }
        Err(error) => println!("{error}"),
    }
    Ok(())
}
