//! A connection to a policy host to the document that it serves, or to why it serves none: one request, no redirect, no
//! cache, 64 KiB (RFC 8461 §3.3).

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::facts::published::{FetchFault, FetchStep, MAX_POLICY, PolicyDocument, StsPolicy};

const PATH: &str = "/.well-known/mta-sts.txt";

/// Most characters of a header that a fault or a document quotes.
const QUOTED: usize = 200;

/// Asks for the policy. The caller has a deadline for it.
pub(super) async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: &str,
) -> Result<PolicyDocument, FetchFault> {
    let broken = |error: hyper::Error| fault(None, format!("HTTP: {error}"));
    let mut builder = http1::Builder::new();
    builder.max_headers(64).max_buf_size(MAX_POLICY);
    let shaking = builder.handshake::<_, Empty<Bytes>>(TokioIo::new(stream));
    let (mut sender, connection) = shaking.await.map_err(broken)?;
    let request = request(host).map_err(|error| fault(None, error.to_string()))?;
    let answering = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        document(response).await
    };
    // Both are one task: the connection ends when nobody waits for the document any more.
    tokio::pin!(answering);
    tokio::select! {
        biased;
        document = &mut answering => document,
        ended = connection => match ended {
            // All has been read from the stream; what it was is still to be looked at.
            Ok(()) => answering.await,
            Err(error) => Err(broken(error)),
        },
    }
}

fn request(host: &str) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    Request::get(PATH)
        .header(HOST, host)
        .header(USER_AGENT, "smtp-tls-exporter")
        .body(Empty::new())
}

async fn document(response: Response<Incoming>) -> Result<PolicyDocument, FetchFault> {
    let status = response.status();
    let header = |name| {
        let value = response.headers().get(name)?;
        let text = String::from_utf8_lossy(value.as_bytes());
        Some(text.chars().take(QUOTED).collect::<String>())
    };
    if status != StatusCode::OK {
        let to = header(LOCATION).map_or_else(String::new, |to| format!(" to {to}"));
        let what = match status.is_redirection() {
            true => format!("a redirect (status {status}{to}), which senders do not follow"),
            false => format!("status {status}"),
        };
        return Err(fault(Some(status), what));
    }
    let content_type = header(CONTENT_TYPE).map(Into::into);
    let body = Limited::new(response.into_body(), MAX_POLICY)
        .collect()
        .await;
    let body = body.map_err(|error| {
        let is_long = error.is::<LengthLimitError>();
        let what = match is_long {
            true => "more than 64 KiB".to_owned(),
            false => format!("the document ended early: {error}"),
        };
        fault(Some(status), what)
    })?;
    let bytes = body.to_bytes();
    Ok(PolicyDocument {
        content_type,
        text: String::from_utf8_lossy(&bytes).into(),
        hash: sha256(&bytes),
        policy: StsPolicy::read(&bytes).map(Arc::new),
    })
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

fn fault(status: Option<StatusCode>, detail: impl Into<Box<str>>) -> FetchFault {
    FetchFault {
        step: FetchStep::Http,
        reason: None,
        status: status.map(|status| status.as_u16()),
        detail: detail.into(),
    }
}
