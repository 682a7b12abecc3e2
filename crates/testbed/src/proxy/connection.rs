use std::{future, sync::Arc};

use bytes::Bytes;
use tokio::time;

use super::{
    fault::{Kept, Kind, LostReply},
    request::Request,
    state::{Command, Open, State, Verdict},
    wire::{Reply, Stop, Wire},
};

/// A connection under the rules.
#[derive(Debug)]
pub(super) struct Connection {
    wire: Wire,
    state: Arc<State>,
    /// Last, so that the sockets are closed when it says so.
    _open: Open,
}

impl Connection {
    pub(super) fn new(wire: Wire, state: Arc<State>, open: Open) -> Self {
        Self {
            wire,
            state,
            _open: open,
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn serve(&mut self) {
        match self.until_stopped().await {
            Stop::Close => self.wire.close().await,
            Stop::Reset => self.wire.break_on_drop(),
        }
    }

    /// Makes the connection break when it is dropped.
    pub(super) fn break_on_drop(&self) {
        self.wire.break_on_drop();
    }

    async fn until_stopped(&mut self) -> Stop {
        if let Err(stop) = self.begin().await {
            return stop;
        }
        loop {
            if let Err(stop) = self.next().await {
                return stop;
            }
        }
    }

    async fn begin(&mut self) -> Result<(), Stop> {
        let request = self.wire.as_request();
        if let Some(verdict) = self.state.decide(&request) {
            self.before_the_server(&verdict, &request).await?;
        }
        self.wire.begin().await
    }

    async fn next(&mut self) -> Result<(), Stop> {
        let request = self.wire.next_request().await?;
        self.state.saw_request(request.clone());
        let Some(verdict) = self.state.decide(&request) else {
            return self.wire.pass(&request).await;
        };
        if let Kind::Answer(answer) = &verdict.fault {
            self.state.fired(&verdict.rule, &request);
            self.wire.client.send(&answer.encode(&request)).await?;
            return go_on(answer.ends_connection(&request));
        }
        self.before_the_server(&verdict, &request).await?;
        let reply = self.wire.exchange(&request).await?;
        self.after_the_server(&verdict, &request, reply).await
    }

    /// The faults that the server does not see, or sees late.
    async fn before_the_server(&mut self, on: &Verdict, request: &Request) -> Result<(), Stop> {
        let fired = || self.state.fired(&on.rule, request);
        match on.fault {
            Kind::Refuse(time) => {
                let (rule, request) = (on.rule.clone(), request.clone());
                // The listener closes the port first and then resets us like the others, so
                // that a client that sees the reset finds the port closed.
                let _ = self.state.commands.send(Command::RefuseFor {
                    time,
                    rule,
                    request,
                });
                future::pending().await
            }
            Kind::Reset => {
                fired();
                Err(Stop::Reset)
            }
            Kind::Close => {
                fired();
                Err(Stop::Close)
            }
            Kind::Hang => {
                fired();
                if self.wire.hold(on.released.clone()).await? {
                    Ok(())
                } else {
                    Err(Stop::Close)
                }
            }
            Kind::DelayRequest(time) => {
                fired();
                time::sleep(time).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The faults of the reply, which the server has given; without one it goes out as it is.
    async fn after_the_server(
        &mut self,
        on: &Verdict,
        request: &Request,
        reply: Reply,
    ) -> Result<(), Stop> {
        let ends_connection = reply.ends_connection;
        let bytes = match on.fault {
            Kind::Duplicate(kept) => {
                let second = self.wire.exchange(request).await?;
                match kept {
                    Kept::First => reply.bytes,
                    Kept::Second => second.bytes,
                }
            }
            Kind::DuplicateReply => [&reply.bytes[..], &reply.bytes[..]].concat().into(),
            Kind::Truncate => half(&reply),
            _ => reply.bytes,
        };
        let is_about_the_reply = !matches!(on.fault, Kind::Hang | Kind::DelayRequest(_));
        if is_about_the_reply {
            self.state.fired(&on.rule, request);
        }
        match on.fault {
            Kind::DropReply(LostReply::Close) => return Err(Stop::Close),
            Kind::DropReply(LostReply::Reset) => return Err(Stop::Reset),
            Kind::DropReply(LostReply::Silence) => {
                self.wire.hold(on.released.clone()).await?;
                return Err(Stop::Close);
            }
            Kind::DelayReply(time) => time::sleep(time).await,
            Kind::Drip { bytes: size, pause } => {
                for piece in bytes.chunks(size) {
                    self.wire.client.send(piece).await?;
                    time::sleep(pause).await;
                }
                return go_on(ends_connection);
            }
            _ => {}
        }
        self.wire.client.send(&bytes).await?;
        go_on(ends_connection || matches!(on.fault, Kind::Truncate))
    }
}

fn go_on(ends_connection: bool) -> Result<(), Stop> {
    if ends_connection {
        return Err(Stop::Close);
    }
    Ok(())
}

/// The head and half of the body; of a reply without a body, half of it.
fn half(reply: &Reply) -> Bytes {
    let body = reply.bytes.len() - reply.head;
    let cut = if body > 0 {
        reply.head + body / 2
    } else {
        reply.bytes.len() / 2
    };
    reply.bytes.slice(..cut)
}
