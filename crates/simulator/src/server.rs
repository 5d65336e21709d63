//! HTTP: connections, bodies, and what faults do to them.

use crate::aws::{Answer, ApiError, Asked, error_answer};
use crate::control;
use crate::faults::FaultEffect;
use crate::shared::{Before, Shared};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
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

const LARGEST_BODY: usize = 1 << 20;

/// Serves until told to stop; open requests are then cut off.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
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

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket {
        stream,
        reset: Arc::clone(&reset),
    };
    let service =
        service_fn(move |request| answer(Arc::clone(&shared), Arc::clone(&reset), request));
    // What ends a connection is the client's affair or a fault's.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(socket), service)
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
    request: Request<Incoming>,
) -> Result<Reply, CutOff> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            let error = ApiError::new(413, "RequestEntityTooLarge", "The request is too large.");
            return Ok(refuse(&shared, None, &error));
        }
        Err(_) => return Err(CutOff),
    };
    let path = head.uri.path();
    if let Some(path) = path
        .strip_prefix("/_simulator/")
        .filter(|_| shared.with_control)
    {
        let (status, json) = control::answer(&shared, &head.method, path, &body);
        return Ok(response(status, "application/json", json.to_string()));
    }
    let latency = shared.state().service.options.latency_milliseconds;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let asked = if head.method == Method::POST && path == "/" {
        read(&head.headers, &body)
    } else {
        Err(ApiError::new(
            404,
            "UnknownOperationException",
            "Requests of the Query protocol are sent as POST to /.",
        ))
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(error) => return Ok(refuse(&shared, None, &error)),
    };
    let fault = match shared.before(&asked) {
        Before::Refuse(error) => return Ok(refuse(&shared, Some(&asked), &error)),
        Before::Go(fault) => fault,
    };
    match fault {
        Some(FaultEffect::Reset) => {
            shared.note(Some(&asked), "connection reset", None);
            reset.store(true, Ordering::Relaxed);
            return Err(CutOff);
        }
        Some(FaultEffect::Hang) => {
            shared.note(Some(&asked), "hangs", None);
            return std::future::pending().await;
        }
        Some(FaultEffect::Slow { milliseconds }) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
        _ => {}
    }
    let done = perform(&shared, asked, fault.clone()).await?;
    deliver(done, fault).await
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Asked, ApiError> {
    let text = |value: Option<&HeaderValue>| {
        value
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let authorization = text(headers.get(header::AUTHORIZATION));
    let date = text(headers.get("x-amz-date"));
    let kind = text(headers.get(header::CONTENT_TYPE));
    Shared::read(
        authorization.as_deref(),
        date.as_deref(),
        kind.as_deref(),
        body,
    )
}

/// A file is written where one is kept, which may take its time.
async fn perform(
    shared: &Arc<Shared>,
    asked: Asked,
    fault: Option<FaultEffect>,
) -> Result<Answer, CutOff> {
    let keeps = shared.state().store.is_some();
    if !keeps {
        return Ok(shared.perform(&asked, fault.as_ref()));
    }
    let shared = Arc::clone(shared);
    let work = move || shared.perform(&asked, fault.as_ref());
    tokio::task::spawn_blocking(work).await.map_err(|_| CutOff)
}

async fn deliver(done: Answer, fault: Option<FaultEffect>) -> Result<Reply, CutOff> {
    let mut answer = done;
    match fault {
        Some(FaultEffect::LoseAnswer) => return Err(CutOff),
        Some(FaultEffect::HangAfter) => return std::future::pending().await,
        Some(FaultEffect::ErrorAfter {
            status,
            code,
            message,
        }) => {
            let error = ApiError::new(status, code, message);
            answer = error_answer(&error, "rds", &answer.request_id);
        }
        Some(FaultEffect::Truncate) => {
            let mut half = answer.body.len() / 2;
            while !answer.body.is_char_boundary(half) {
                half -= 1;
            }
            answer.body.truncate(half);
        }
        Some(FaultEffect::Malformed) => "<<not & xml>".clone_into(&mut answer.body),
        _ => {}
    }
    Ok(xml(&answer))
}

fn refuse(shared: &Shared, asked: Option<&Asked>, error: &ApiError) -> Reply {
    let service = asked.map_or("rds", |asked| asked.caller.service.as_str());
    let answer = error_answer(error, service, &shared.request_id());
    shared.note(asked, &error.code, Some(error.status));
    xml(&answer)
}

fn xml(answer: &Answer) -> Reply {
    let mut reply = response(answer.status, "text/xml", answer.body.clone());
    if let Ok(id) = HeaderValue::from_str(&answer.request_id) {
        reply.headers_mut().insert("x-amzn-requestid", id);
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
