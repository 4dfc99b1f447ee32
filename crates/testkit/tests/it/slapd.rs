//! slapd: does it know its people, and does it end?

use anyhow::{Context, Result, ensure};
use lockstep_testkit::Slapd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SUCCESS: u8 = 0;
const INVALID_CREDENTIALS: u8 = 49;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn it_knows_its_people_and_ends_with_its_handle() -> Result<()> {
    let slapd = Slapd::start(&["alice", "bob"]).await?;
    let password = |name| slapd.password(name).context("nobody of that name");
    ensure!(bind(&slapd, "alice", password("alice")?).await? == SUCCESS);
    ensure!(bind(&slapd, "bob", password("bob")?).await? == SUCCESS);
    ensure!(bind(&slapd, "alice", password("bob")?).await? == INVALID_CREDENTIALS);
    ensure!(slapd.password("carol").is_none());
    let port = slapd.port();
    drop(slapd);
    ensure!(
        TcpStream::connect(("127.0.0.1", port)).await.is_err(),
        "it still runs"
    );
    Ok(())
}

/// LDAP's simple bind; tells the result code.
async fn bind(slapd: &Slapd, name: &str, password: &str) -> Result<u8> {
    let who = format!("uid={name},{}", Slapd::PEOPLE);
    let version = tagged(0x02, &[3])?;
    let request = [
        version,
        tagged(0x04, who.as_bytes())?,
        tagged(0x80, password.as_bytes())?,
    ]
    .concat();
    let message = [tagged(0x02, &[1])?, tagged(0x60, &request)?].concat();
    let mut stream = TcpStream::connect(("127.0.0.1", slapd.port())).await?;
    stream.write_all(&tagged(0x30, &message)?).await?;
    let mut answer = [0; 14];
    stream.read_exact(&mut answer).await?;
    // Message, id, bind response, and in it the result code.
    ensure!(answer[5] == 0x61 && answer[7] == 0x0a, "{answer:?}");
    Ok(answer[9])
}

/// One element of BER, in the short form.
fn tagged(tag: u8, content: &[u8]) -> Result<Vec<u8>> {
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 128);
    let mut element = vec![tag, length.context("too long for the short form")?];
    element.extend(content);
    Ok(element)
}
