//! HTTP: connections, bodies, and what faults do to them.

use crate::cloud::{Answer, Asked, CloudName, Clouds, Refusal, Request};
use crate::control;
use crate::faults::FaultEffect;
use crate::shared::{Before, Shared};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

const LARGEST_BODY: usize = 1 << 20;

/// Serves until told to stop; open requests are then cut off.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, tls.clone(), Arc::clone(&shared)));
                }
                // Out of descriptors, most likely: give others the time to close.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = stop.changed() => break,
        }
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket {
        stream,
        reset: Arc::clone(&reset),
    };
    match tls {
        None => exchange(socket, false, reset, shared).await,
        // A client that does not trust the certificate ends the handshake, and that is all.
        Some(tls) => {
            if let Ok(stream) = tls.accept(socket).await {
                exchange(stream, true, reset, shared).await;
            }
        }
    }
}

/// Serves requests, over TLS or not.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    secure: bool,
    reset: Arc<AtomicBool>,
    shared: Arc<Shared>,
) {
    let service =
        service_fn(move |request| answer(Arc::clone(&shared), Arc::clone(&reset), secure, request));
    // What ends a connection is the client's affair or a fault's.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A request that gets no answer: the connection ends.
#[derive(Debug, thiserror::Error)]
#[error("cut off")]
struct CutOff;

type Reply = Response<Full<Bytes>>;

async fn answer(
    shared: Arc<Shared>,
    reset: Arc<AtomicBool>,
    secure: bool,
    request: hyper::Request<Incoming>,
) -> Result<Reply, CutOff> {
    let (head, body) = request.into_parts();
    let cloud = Clouds::of_path(head.uri.path());
    let mut request = Request {
        id: shared.request_id(),
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        secure,
        body: Bytes::new(),
    };
    request.body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            return Ok(refuse(&shared, cloud, &request, None, &Refusal::TooLarge));
        }
        Err(_) => return Err(CutOff),
    };
    if let Some(path) = request
        .path()
        .strip_prefix("/_simulator/")
        .filter(|_| shared.with_control)
    {
        let (status, json) = control::answer(&shared, &request.method, path, &request.body);
        return Ok(response(status, "application/json", json.to_string()));
    }
    let latency = shared.state().clouds.get(cloud).latency();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let asked = shared.state().clouds.get(cloud).read(&request);
    let asked = match asked {
        Ok(asked) => asked,
        Err(refused) => {
            let outcome = refused.error.as_deref().unwrap_or("refused");
            shared.note(cloud, None, outcome, Some(refused.status));
            return Ok(reply(&refused));
        }
    };
    let fault = match shared.before(cloud, &asked) {
        Before::Refuse(why) => {
            return Ok(refuse(&shared, cloud, &request, Some(&asked), &why));
        }
        Before::Go(fault) => fault,
    };
    match fault {
        Some(FaultEffect::Reset) => {
            shared.note(cloud, Some(&asked), "connection reset", None);
            reset.store(true, Ordering::Relaxed);
            return Err(CutOff);
        }
        Some(FaultEffect::Hang) => {
            shared.note(cloud, Some(&asked), "hangs", None);
            return std::future::pending().await;
        }
        Some(FaultEffect::Slow { milliseconds }) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
        _ => {}
    }
    let request = Arc::new(request);
    let done = perform(&shared, cloud, Arc::clone(&request), asked, fault.clone()).await?;
    deliver(&shared, cloud, &request, done, fault).await
}

/// A file is written where one is kept, which may take its time.
async fn perform(
    shared: &Arc<Shared>,
    cloud: CloudName,
    request: Arc<Request>,
    asked: Asked,
    fault: Option<FaultEffect>,
) -> Result<Answer, CutOff> {
    let keeps = shared.state().store.is_some();
    if !keeps {
        return Ok(shared.perform(cloud, &request, &asked, fault.as_ref()));
    }
    let shared = Arc::clone(shared);
    let work = move || shared.perform(cloud, &request, &asked, fault.as_ref());
    tokio::task::spawn_blocking(work).await.map_err(|_| CutOff)
}

async fn deliver(
    shared: &Shared,
    cloud: CloudName,
    request: &Request,
    done: Answer,
    fault: Option<FaultEffect>,
) -> Result<Reply, CutOff> {
    let mut answer = done;
    match fault {
        Some(FaultEffect::LoseAnswer) => return Err(CutOff),
        Some(FaultEffect::HangAfter) => return std::future::pending().await,
        Some(FaultEffect::ErrorAfter {
            status,
            code,
            message,
        }) => {
            let refusal = Refusal::Scripted {
                status,
                code,
                message,
            };
            answer = shared.state().clouds.get(cloud).refuse(request, &refusal);
        }
        Some(FaultEffect::Truncate) => {
            let mut half = answer.body.len() / 2;
            while !answer.body.is_char_boundary(half) {
                half -= 1;
            }
            answer.body.truncate(half);
        }
        Some(FaultEffect::Malformed) => {
            let malformed = shared.state().clouds.get(cloud).malformed();
            answer.body = malformed.to_owned();
        }
        _ => {}
    }
    Ok(reply(&answer))
}

fn refuse(
    shared: &Shared,
    cloud: CloudName,
    request: &Request,
    asked: Option<&Asked>,
    refusal: &Refusal,
) -> Reply {
    let answer = shared.state().clouds.get(cloud).refuse(request, refusal);
    let outcome = answer.error.as_deref().unwrap_or("refused");
    shared.note(cloud, asked, outcome, Some(answer.status));
    reply(&answer)
}

fn reply(answer: &Answer) -> Reply {
    let mut reply = response(answer.status, answer.content_type, answer.body.clone());
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            let name = HeaderName::from_static(name);
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

fn response(status: u16, kind: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// A TCP stream that can be made to end with a reset.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            // A reset is no orderly end.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
