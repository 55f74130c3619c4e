//! instant-acme at the command line: `obtain DIRECTORY ROOT CHALLENGE HELPER OUT NAME...`, where HELPER is the port of
//! http-01 or the hook of dns-01, and `revoke DIRECTORY ROOT OUT`. The account is kept in account.json.

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus,
    RetryPolicy, RevocationReason, RevocationRequest,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args[0].as_str() {
        "obtain" => obtain(&args[1], &args[2], &args[3], &args[4], &args[5], &args[6..]).await,
        _ => revoke(&args[1], &args[2], &args[3]).await,
    }
}

async fn account(directory: &str, root: &str) -> Result<Account> {
    if let Ok(kept) = std::fs::read_to_string("account.json") {
        let credentials: AccountCredentials = serde_json::from_str(&kept)?;
        return Ok(Account::builder_with_root(root)?.from_credentials(credentials).await?);
    }
    let new = NewAccount { contact: &[], terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = Account::builder_with_root(root)?.create(&new, directory.to_owned(), None).await?;
    std::fs::write("account.json", serde_json::to_string(&credentials)?)?;
    Ok(account)
}

async fn obtain(
    directory: &str,
    root: &str,
    how: &str,
    helper: &str,
    out: &str,
    names: &[String],
) -> Result<()> {
    let account = account(directory, root).await?;
    let identifiers: Vec<Identifier> = names.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
    let mut presented = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        if how == "http-01" {
            let mut challenge = authorization.challenge(ChallengeType::Http01).ok_or("no http-01")?;
            let listener = TcpListener::bind(format!("127.0.0.1:{helper}")).await?;
            let answer = challenge.key_authorization().as_str().to_owned();
            tokio::spawn(serve(listener, answer));
            challenge.set_ready().await?;
        } else {
            let mut challenge = authorization.challenge(ChallengeType::Dns01).ok_or("no dns-01")?;
            let name = format!("_acme-challenge.{}.", challenge.identifier().to_string().trim_start_matches("*."));
            let value = challenge.key_authorization().dns_value();
            hook(helper, "present", &name, &value).await?;
            presented.push((name, value));
            challenge.set_ready().await?;
        }
    }
    if order.poll_ready(&RetryPolicy::default()).await? != OrderStatus::Ready {
        return Err("the order is not ready".into());
    }
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = DistinguishedName::new();
    order.finalize_csr(params.serialize_request(&key)?.der()).await?;
    let chain = order.poll_certificate(&RetryPolicy::default()).await?;
    std::fs::write(format!("{out}.crt"), chain)?;
    std::fs::write(format!("{out}.key"), key.serialize_pem())?;
    for (name, value) in presented {
        hook(helper, "cleanup", &name, &value).await?;
    }
    Ok(())
}

async fn serve(listener: TcpListener, answer: String) {
    while let Ok((mut socket, _)) = listener.accept().await {
        let mut request = [0; 2048];
        let _ = socket.read(&mut request).await;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
        let _ = socket.write_all(format!("{head}{answer}").as_bytes()).await;
    }
}

async fn hook(program: &str, act: &str, name: &str, value: &str) -> Result<()> {
    match Command::new(program).args([act, name, value]).status().await?.success() {
        true => Ok(()),
        false => Err(format!("{program} {act} failed").into()),
    }
}

async fn revoke(directory: &str, root: &str, out: &str) -> Result<()> {
    let text = std::fs::read_to_string(format!("{out}.crt"))?;
    let der = rcgen_der(&text)?;
    let request = RevocationRequest { certificate: &der.into(), reason: Some(RevocationReason::Superseded) };
    Ok(account(directory, root).await?.revoke(&request).await?)
}

/// The first certificate of a PEM text.
fn rcgen_der(text: &str) -> Result<Vec<u8>> {
    use std::process::{Command, Stdio};
    let file = "revoked.pem";
    std::fs::write(file, text)?;
    let out = Command::new("openssl").args(["x509", "-in", file, "-outform", "DER"]).stderr(Stdio::inherit()).output()?;
    Ok(out.stdout)
}
