//! The bytes of an answer on their way out, piece by piece; knows no route.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::guests::Answering;
use super::guests::Visit;
use super::outbox::{Outbox, Parcel};
use crate::render::Unpacked;

/// So much is handed out at once, so that it is known how far an answer has come.
const PIECE: usize = 64 * 1024;

/// The body of an answer.
pub(super) struct Content {
    rest: Rest,
    /// How much of the memory that it holds has been handed out.
    taken: usize,
    /// What it counts as.
    parcel: Option<Arc<Parcel>>,
    /// Whoever is given it is being answered as long as it is here.
    _answering: Option<Answering>,
}

/// What has not been handed out yet.
enum Rest {
    AsItIs(Bytes),
    /// Compressed, for somebody who wants it plain, and the bytes that it is in.
    Packed(Box<Unpacked<Bytes>>, Bytes),
}

impl Content {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self::of(Rest::AsItIs(bytes))
    }

    /// What these bytes were before they were compressed.
    pub(super) fn unpacked(bytes: Bytes) -> Self {
        let unpacked = Box::new(Unpacked::new(bytes.clone()));
        Self::of(Rest::Packed(unpacked, bytes))
    }

    fn of(rest: Rest) -> Self {
        Self {
            rest,
            taken: 0,
            parcel: None,
            _answering: None,
        }
    }

    /// The same for a guest, who is being answered until all of it is gone.
    pub(super) fn given_to(self, visit: &Visit, answering: Answering, outbox: &Outbox) -> Self {
        Self {
            parcel: outbox.post(self.rest.held(), visit.leash()),
            _answering: Some(answering),
            ..self
        }
    }
}

impl Rest {
    fn held(&self) -> &Bytes {
        match self {
            Self::AsItIs(bytes) | Self::Packed(_, bytes) => bytes,
        }
    }

    fn left(&self) -> usize {
        match self {
            Self::AsItIs(bytes) => bytes.len(),
            Self::Packed(unpacked, _) => unpacked.left(),
        }
    }

    /// The next piece, and how much of the memory that is held it was.
    fn piece(&mut self) -> (Bytes, usize) {
        match self {
            Self::AsItIs(bytes) => {
                let length = bytes.len().min(PIECE);
                (bytes.split_to(length), length)
            }
            Self::Packed(unpacked, _) => {
                let before = unpacked.taken();
                let piece = Bytes::from(unpacked.piece(PIECE));
                (piece, unpacked.taken() - before)
            }
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
        let (piece, length) = self.rest.piece();
        if let Some(parcel) = &self.parcel {
            parcel.taken(self.taken);
        }
        self.taken += length;
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.left() as u64)
    }
}
