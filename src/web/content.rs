//! The bytes of an answer on their way out, piece by piece; knows no route.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::guests::Answering;
use super::guests::Visit;
use super::outbox::{Outbox, Parcel};

/// So much is handed out at once, so that it is known how far an answer has come.
const PIECE: usize = 64 * 1024;

/// The body of an answer.
pub(super) struct Content {
    rest: Bytes,
    /// How much has been handed out.
    taken: usize,
    /// What it counts as.
    parcel: Option<Arc<Parcel>>,
    /// Whoever is given it is being answered as long as it is here.
    _answering: Option<Answering>,
}

impl Content {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self {
            rest: bytes,
            taken: 0,
            parcel: None,
            _answering: None,
        }
    }

    /// The same for a guest, who is being answered until all of it is gone.
    pub(super) fn given_to(self, visit: &Visit, answering: Answering, outbox: &Outbox) -> Self {
        Self {
            parcel: outbox.post(&self.rest, visit.leash()),
            _answering: Some(answering),
            ..self
        }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        if let Some(parcel) = &self.parcel {
            parcel.taken(self.taken);
        }
        self.taken += length;
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
