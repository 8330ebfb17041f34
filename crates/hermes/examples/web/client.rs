//! A client for one connection, and as much HTTP/1.1 as the shop speaks.

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::Failure;

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// To the server at `address`, as `127.0.0.1:3000`.
    pub(crate) async fn connect(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<String, Failure> {
        self.ask("GET", path).await
    }

    pub(crate) async fn post(&mut self, path: &str) -> Result<String, Failure> {
        self.ask("POST", path).await
    }

    /// The body of the answer. A refusal is an error.
    async fn ask(&mut self, method: &str, path: &str) -> Result<String, Failure> {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: shop\r\ncontent-length: 0\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        let status = self.line().await?;
        let mut length = 0;
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        let body = String::from_utf8(body)?;
        match status.starts_with("HTTP/1.1 2") {
            true => Ok(body),
            false => Err(format!("{method} {path}: {status}: {body}").into()),
        }
    }

    async fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await? {
            0 => Err("the server has closed the connection".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}
