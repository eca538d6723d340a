//! hickory's sockets and timers by tokio, with a clock that panics at no time.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use hickory_resolver::net::runtime::{RuntimeProvider, Time, TokioRuntimeProvider, TokioTime};

use super::super::clock;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// As [`TokioRuntimeProvider`], but for the clock.
#[derive(Clone, Default)]
pub(super) struct Runtime(TokioRuntimeProvider);

impl RuntimeProvider for Runtime {
    type Handle = <TokioRuntimeProvider as RuntimeProvider>::Handle;
    type Timer = Timer;
    type Udp = <TokioRuntimeProvider as RuntimeProvider>::Udp;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        from: Option<SocketAddr>,
        wait: Option<Duration>,
    ) -> Boxed<'static, io::Result<Self::Tcp>> {
        self.0.connect_tcp(server, from, wait)
    }

    fn bind_udp(
        &self,
        from: SocketAddr,
        server: SocketAddr,
    ) -> Boxed<'static, io::Result<Self::Udp>> {
        self.0.bind_udp(from, server)
    }
}

/// As [`TokioTime`], but never before 1970: there hickory's own clock panics.
pub(super) struct Timer;

impl Time for Timer {
    fn delay_for<'a>(duration: Duration) -> Boxed<'a, ()> {
        TokioTime::delay_for(duration)
    }

    fn timeout<'a, F>(duration: Duration, future: F) -> Boxed<'a, io::Result<F::Output>>
    where
        F: 'static + Future + Send,
    {
        TokioTime::timeout(duration, future)
    }

    fn current_time() -> u64 {
        clock::since_1970().as_secs()
    }
}
