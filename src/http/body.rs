//! Request bodies, read with a limit on size and time, and what their `Content-Type` says.

mod fields;
mod multipart;

pub use fields::{Fields, FieldsError, MAX_FIELDS};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::HeaderMap;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Why a request body was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Longer than allowed, announced or found while reading. Status 413.
    #[error("the request body is longer than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// Not complete in time. Status 408.
    #[error("the request body did not arrive in time")]
    TimedOut,
    /// Compressed: never unpacked, since a few bytes can become gigabytes. Status 415.
    #[error("compressed request bodies are not supported")]
    Encoding,
    /// Another `Content-Type` than the one wanted, or none. Status 415.
    #[error("the request body must be {wanted}")]
    MediaType {
        /// The media type that would have been accepted.
        wanted: &'static str,
    },
    /// Several or unreadable `Content-Type` headers. Status 400.
    #[error("the Content-Type header is malformed")]
    ContentType,
    /// Form fields that cannot be decoded. Status 400.
    #[error(transparent)]
    Fields(#[from] FieldsError),
    /// The connection broke off, or the chunked framing is broken. Status 400, if anybody is there to read it.
    #[error("the request body is incomplete")]
    Interrupted(#[source] Box<dyn StdError + Send + Sync>),
}

/// How much body is accepted, and for how long it is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes of the decoded (de-chunked) body. Default 64 KiB.
    pub bytes: usize,
    /// From the first read to the last byte, however small the steps. Default 10 s.
    pub time: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes: 64 * 1024, time: Duration::from_secs(10) }
    }
}

/// A request body, from the wire or, so that handlers can be called without a socket, from memory.
#[derive(Debug)]
pub struct RequestBody(Source);

#[derive(Debug)]
enum Source {
    Wire(Incoming),
    Memory(Full<Bytes>),
}

/// None: what stays where a body was taken.
impl Default for RequestBody {
    fn default() -> Self {
        Self(Source::Memory(Full::default()))
    }
}

impl From<Incoming> for RequestBody {
    fn from(body: Incoming) -> Self {
        Self(Source::Wire(body))
    }
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self(Source::Memory(Full::new(bytes)))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Source::Wire(body) => Pin::new(body).poll_frame(context),
            Source::Memory(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Wire(body) => body.is_end_stream(),
            Source::Memory(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Wire(body) => body.size_hint(),
            Source::Memory(body) => body.size_hint(),
        }
    }
}

/// Reads the whole body, chunked or with a length.
///
/// A body whose announced length is too large is refused before a byte is read, so that a client that asked
/// with `Expect: 100-continue` never sends it.
pub async fn read_limited<B>(headers: &HeaderMap, body: B, limits: BodyLimits) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let identity = |value: &[u8]| value.eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(|value| identity(value.as_bytes())) {
        return Err(BodyError::Encoding);
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limits.bytes {
        return Err(BodyError::TooLarge { limit: limits.bytes });
    }
    tokio::time::timeout(limits.time, collect(body, limits.bytes)).await.map_err(|_| BodyError::TimedOut)?
}

async fn collect<B>(mut body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    // Most bodies arrive as one piece, which is handed on as it is; only further pieces are copied together.
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyError::Interrupted(error.into()))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + joined.len() + data.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        if first.is_empty() && joined.is_empty() {
            first = data;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut first));
            joined.extend_from_slice(&data);
        }
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

/// Reads a body of `application/x-www-form-urlencoded` and decodes its fields.
pub async fn read_form<B>(headers: &HeaderMap, body: B, limits: BodyLimits) -> Result<Fields, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    if media_type(headers)? != Some(MediaType::Form) {
        return Err(BodyError::MediaType { wanted: "application/x-www-form-urlencoded" });
    }
    let bytes = read_limited(headers, body, limits).await?;
    Ok(Fields::decode(&bytes)?)
}

/// Reads a form in any way that browsers and their scripts send one; an empty body is a form without fields.
pub async fn read_any_form<B>(headers: &HeaderMap, body: B, limits: BodyLimits) -> Result<Fields, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    if body.is_end_stream() {
        return Ok(Fields::default());
    }
    match (media_type(headers)?, multipart::boundary(headers)) {
        (Some(MediaType::Other), Some(boundary)) => {
            let bytes = read_limited(headers, body, limits).await?;
            Ok(multipart::decode(boundary, &bytes)?)
        }
        _ => read_form(headers, body, limits).await,
    }
}

/// What a body says it is. Parameters such as `charset` are ignored: clients send `charset=utf-8` for what can
/// only be UTF-8 anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// Anything else.
    Other,
}

/// The body's media type; `None` when there is no `Content-Type`.
pub fn media_type(headers: &HeaderMap) -> Result<Option<MediaType>, BodyError> {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    // Of two types, a proxy's filter may look at one and we at the other.
    if lines.next().is_some() {
        return Err(BodyError::ContentType);
    }
    let line = line.to_str().map_err(|_| BodyError::ContentType)?;
    let essence = line.split(';').next().unwrap_or_default().trim();
    Ok(Some(if essence.eq_ignore_ascii_case("application/json") {
        MediaType::Json
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        MediaType::Form
    } else {
        MediaType::Other
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use std::collections::VecDeque;

    /// A body of given pieces that then ends, or stays silent for ever.
    struct Pieces {
        pieces: VecDeque<Bytes>,
        silent: bool,
    }

    impl Body for Pieces {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            match self.pieces.pop_front() {
                Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
                None if self.silent => Poll::Pending,
                None => Poll::Ready(None),
            }
        }
    }

    fn pieces(count: usize, silent: bool) -> Pieces {
        let pieces = std::iter::repeat_n(Bytes::from_static(b"0123456789"), count).collect();
        Pieces { pieces, silent }
    }

    fn limits(bytes: usize) -> BodyLimits {
        BodyLimits { bytes, time: Duration::from_millis(20) }
    }

    fn run<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    fn typed(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))])
    }

    #[test]
    fn pieces_are_joined_up_to_the_very_limit() {
        for count in 0..4 {
            let read = run(read_limited(&HeaderMap::new(), pieces(count, false), limits(count * 10)));
            assert_eq!(read.unwrap(), "0123456789".repeat(count));
        }
        let over = run(read_limited(&HeaderMap::new(), pieces(3, false), limits(29)));
        assert!(matches!(over, Err(BodyError::TooLarge { limit: 29 })));
    }

    #[test]
    fn a_body_from_memory_tells_its_length_and_whether_anything_is_left() {
        let body = RequestBody::from(Bytes::from_static(b"0123456789"));
        assert_eq!((body.is_end_stream(), body.size_hint().exact()), (false, Some(10)));
        let empty = RequestBody::from(Bytes::new());
        assert_eq!((empty.is_end_stream(), empty.size_hint().exact()), (true, Some(0)));
    }

    #[test]
    fn an_announced_length_is_refused_before_reading() {
        let body = RequestBody::from(Bytes::from_static(b"0123456789"));
        let over = run(read_limited(&HeaderMap::new(), body, limits(9)));
        assert!(matches!(over, Err(BodyError::TooLarge { limit: 9 })));
    }

    #[test]
    fn a_silent_sender_is_given_up_on() {
        let late = run(read_limited(&HeaderMap::new(), pieces(1, true), limits(99)));
        assert!(matches!(late, Err(BodyError::TimedOut)));
    }

    #[test]
    fn compressed_bodies_are_refused() {
        for (value, accepted) in [("identity", true), ("Identity", true), ("gzip", false), ("", false)] {
            let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(value))]);
            let read = run(read_limited(&headers, pieces(1, false), limits(99)));
            assert_eq!(read.is_ok(), accepted, "{value}");
        }
    }

    #[test]
    fn the_media_type_is_read_without_its_parameters() {
        let kind = |value| media_type(&typed(value)).unwrap();
        assert_eq!(kind("application/x-www-form-urlencoded; charset=utf-8"), Some(MediaType::Form));
        assert_eq!(kind("Application/JSON;charset=UTF-8"), Some(MediaType::Json));
        assert_eq!(kind("multipart/form-data; boundary=x"), Some(MediaType::Other));
        assert_eq!(media_type(&HeaderMap::new()).unwrap(), None);
        let mut twice = typed("application/json");
        twice.append(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        assert!(matches!(media_type(&twice), Err(BodyError::ContentType)));
    }

    #[test]
    fn a_form_needs_the_form_type() {
        let body = || RequestBody::from(Bytes::from_static(b"scope=a&scope=b"));
        let form = run(read_form(&typed("application/x-www-form-urlencoded"), body(), limits(99)));
        assert_eq!(form.unwrap().all("scope").collect::<Vec<_>>(), ["a", "b"]);
        let json = run(read_form(&typed("application/json"), body(), limits(99)));
        assert!(matches!(json, Err(BodyError::MediaType { .. })));
    }

    #[test]
    fn any_form_may_be_a_script_s_or_empty_but_nothing_else() {
        let read = |kind, text: &'static str| {
            let headers = typed(kind);
            run(read_any_form(&headers, RequestBody::from(Bytes::from_static(text.as_bytes())), limits(99)))
        };
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"scope\"\r\n\r\na\r\n--b--\r\n";
        for (kind, text) in
            [("application/x-www-form-urlencoded", "scope=a"), ("multipart/form-data; boundary=b", multipart)]
        {
            assert_eq!(read(kind, text).unwrap().single("scope"), Ok(Some("a")), "{kind}");
        }
        assert_eq!(read("application/json", "").unwrap().iter().count(), 0);
        assert!(matches!(read("application/json", "{}"), Err(BodyError::MediaType { .. })));
        assert!(matches!(read("multipart/form-data", multipart), Err(BodyError::MediaType { .. })));
    }
}
