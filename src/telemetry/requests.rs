//! Counts requests to the API server, as client-go does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Method, Request, Response};
use prometheus::IntCounterVec;
use tower::{Layer, Service};

/// Wraps a client so that its requests are counted.
#[derive(Clone, Debug)]
pub struct CountRequests {
    pub(super) requests: IntCounterVec,
    /// The server of this client; its requests only name paths.
    pub(super) host: Arc<str>,
}

#[derive(Clone, Debug)]
pub struct Counted<S> {
    inner: S,
    count: CountRequests,
}

/// A request under way. One that is given up is not counted.
#[derive(Debug)]
pub struct UnderWay<F> {
    answer: Pin<Box<F>>,
    method: Method,
    count: CountRequests,
}

impl<S> Layer<S> for CountRequests {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted {
            inner,
            count: self.clone(),
        }
    }
}

impl<S, A, B> Service<Request<A>> for Counted<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = UnderWay<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        UnderWay {
            method: request.method().clone(),
            count: self.count.clone(),
            answer: Box::pin(self.inner.call(request)),
        }
    }
}

impl<F, B, E> Future for UnderWay<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.answer.as_mut().poll(context));
        let code = match &answer {
            Ok(answer) => answer.status().as_str().to_owned(),
            // client-go's word.
            Err(_) => "<error>".to_owned(),
        };
        let labels = [code.as_str(), self.method.as_str(), &self.count.host];
        self.count.requests.with_label_values(&labels).inc();
        Poll::Ready(answer)
    }
}

#[cfg(test)]
mod tests {
    use tower::service_fn;

    use super::*;
    use crate::telemetry::Metrics;

    #[tokio::test]
    async fn requests_are_counted_by_method_host_and_status() {
        let metrics = Metrics::new().expect("metrics");
        let mut client =
            metrics
                .count_requests("10.0.0.1:6443")
                .layer(service_fn(async |request: Request<()>| {
                    let status = if request.uri().path() == "/gone" { 404 } else { 200 };
                    match request.uri().path() {
                        "/broken" => Err("no connection"),
                        _ => Ok(Response::builder().status(status).body(()).expect("a response")),
                    }
                }));
        for path in ["/", "/", "/gone", "/broken"] {
            let request = Request::get(path).body(());
            let _ = client.call(request.expect("a request")).await;
        }
        let text = metrics.render();
        for (code, count) in [("200", 2), ("404", 1), ("<error>", 1)] {
            let line = format!(
                "\nrest_client_requests_total{{code=\"{code}\",host=\"10.0.0.1:6443\",method=\"GET\"}} {count}\n"
            );
            assert!(text.contains(&line), "{line} is missing in {text}");
        }
    }
}
