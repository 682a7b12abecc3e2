//! One invocation, and how far it has come.

use crate::{
    network::{Ask, Held, Reply},
    now::Now,
    protocol::{Protocol, Terms},
    world::{Config, ticks},
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) phase: Phase,
    /// The last tick in which it lives. The platform measures that, whatever its clock says.
    pub(crate) killed_after: i64,
    /// Until when it counts on having the key: from when it runs until it has released, or its
    /// answer is stored.
    pub(crate) lease: Option<i64>,
    /// The tick in which its lease is over by the clock that never goes back. Followed only where
    /// another clock may.
    pub(crate) ends_before: i64,
    /// When it came, likewise.
    pub(crate) began: i64,
    /// Under which record it runs. It stays, to tell who shared one.
    pub(crate) held: Held,
    pub(crate) effect: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// It has not come yet.
    Ahead,
    /// It finds out whether to run.
    Settling(Settling),
    Running,
    /// It waits for the reply to its last request: a completion or a release.
    Finishing {
        asked: Ask,
        reply: Option<Reply>,
    },
    Over,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Settling {
    pub(crate) protocol: Protocol,
    pub(crate) asked: Ask,
    pub(crate) reply: Option<Reply>,
    /// Whether its `Hold` releases when it is dropped.
    pub(crate) armed: bool,
    /// Whether a claim of ours was written, as far as the call knows.
    pub(crate) claimed: bool,
    /// Whether it has begun to wait for the running call.
    pub(crate) waiting: bool,
}

impl Call {
    pub(crate) fn ahead(call: usize) -> Self {
        Self {
            phase: Phase::Ahead,
            killed_after: i64::MAX,
            lease: None,
            ends_before: i64::MAX,
            began: 0,
            held: Held::Mark(call),
            effect: false,
        }
    }

    /// Nothing comes of it any more. Its lease still says that nobody else may run.
    pub(crate) fn end(&mut self) {
        self.phase = Phase::Over;
        self.killed_after = i64::MAX;
        self.ends_before = i64::MAX;
        self.began = 0;
        if !self.effect {
            self.lease = None;
        }
    }

    /// What it waits for: what it has asked, and the reply if that has come.
    fn exchange(&mut self) -> Option<(Ask, &mut Option<Reply>)> {
        match &mut self.phase {
            Phase::Settling(settling) => Some((settling.asked, &mut settling.reply)),
            Phase::Finishing { asked, reply } => Some((*asked, reply)),
            Phase::Ahead | Phase::Running | Phase::Over => None,
        }
    }

    pub(crate) fn reply(&mut self, came: Reply) {
        if let Some((_, reply)) = self.exchange() {
            *reply = Some(came);
        }
    }

    /// It asks once more, and forgets a reply that it has not looked at.
    pub(crate) fn ask_again(&mut self) -> Ask {
        let (asked, reply) = self.exchange().expect("it waits for a reply");
        *reply = None;
        asked
    }

    pub(crate) fn has_reply(&self) -> bool {
        match &self.phase {
            Phase::Settling(settling) => settling.reply.is_some(),
            Phase::Finishing { reply, .. } => reply.is_some(),
            Phase::Ahead | Phase::Running | Phase::Over => false,
        }
    }
}

/// What decides the lease of an invocation that begins now. The platform states the deadline in
/// absolute time, by the clock of the host; a claim adds no reading of its own to it.
pub(crate) fn terms(config: &Config, begun: Now) -> Terms {
    let time = ticks(config.time);
    Terms {
        deadline: config.deadline.then(|| begun.after(time)),
        // Not looked at where there is a deadline: it would lock for too long.
        otherwise: if config.deadline { time * 4 } else { time },
        expires_after: ticks(config.expires_after),
        after_timeout: config.after_timeout,
    }
}
