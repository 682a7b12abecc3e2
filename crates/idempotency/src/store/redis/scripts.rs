//! What the server does as one step.

use std::sync::LazyLock;

use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind, aio::ConnectionLike,
};

type Lazy = LazyLock<Script>;

/// A script, and the hash that the server knows it by.
pub(super) struct Script {
    code: &'static str,
    hash: String,
}

impl Script {
    fn new(code: &'static str) -> Self {
        Self {
            code,
            hash: redis::Script::new(code).get_hash().to_owned(),
        }
    }
}

/// Writes the record if there is none. Gives `nil` if it is written, else what is there.
///
/// The record itself is its own proof: it has the mark of its run, so the same bytes can only
/// come from the same claim, of which the reply was lost.
pub(super) static CLAIM: Lazy = LazyLock::new(|| {
    Script::new(
        "local there = redis.call('GET', KEYS[1])\n\
         if there and there ~= ARGV[1] then return there end\n\
         redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n\
         return false",
    )
});

/// Takes over what was seen, if it is still the same to the byte and nobody has the lock.
///
/// The text of the lock is that of Python. A lock that we ask for together with the record
/// needs no mark: either both are written or neither is.
pub(super) static TAKE_OVER: Lazy = LazyLock::new(|| {
    Script::new(
        "local there = redis.call('GET', KEYS[1])\n\
         if there == ARGV[2] then return 1 end\n\
         if there then\n\
         if there ~= ARGV[1] then return there end\n\
         if not redis.call('SET', KEYS[2], 'True', 'NX', 'EX', ARGV[4]) then return 0 end\n\
         end\n\
         redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])\n\
         return 1",
    )
});

/// Takes the lock alone, for this mark: what a repeated request finds is its own.
pub(super) static LOCK: Lazy = LazyLock::new(|| {
    Script::new(
        "local there = redis.call('GET', KEYS[1])\n\
         if there then return there == ARGV[1] and 1 or 0 end\n\
         redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n\
         return 1",
    )
});

/// Takes over what was seen, without a look at the lock.
pub(super) static REPLACE: Lazy = LazyLock::new(|| {
    Script::new(
        "local there = redis.call('GET', KEYS[1])\n\
         if there == ARGV[2] then return 1 end\n\
         if there and there ~= ARGV[1] then return there end\n\
         redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])\n\
         return 1",
    )
});

/// Reads the record that is there, and ends with 0 if it is another's: of another owner, or
/// without one and with another lease. Arguments: the owner, the names of the members for status
/// and lease, the lease that was seen.
macro_rules! ours {
    ($then:literal) => {
        concat!(
            "local there = redis.call('GET', KEYS[1])\n\
             local record = nil\n\
             if there then\n\
             local ok\n\
             ok, record = pcall(cjson.decode, there)\n\
             if not ok or type(record) ~= 'table' then return 0 end\n\
             local owner = record['powertools_owner']\n\
             if type(owner) ~= 'string' then owner = '' end\n\
             if owner ~= ARGV[1] then return 0 end\n\
             local lease = record[ARGV[3]]\n\
             if type(lease) == 'number' then lease = math.floor(lease) else lease = nil end\n\
             if record[ARGV[2]] == 'INPROGRESS' and owner == ''\n\
             and lease ~= tonumber(ARGV[4]) then return 0 end\n\
             end\n",
            $then
        )
    };
}

/// Writes the answer over a record of this owner that has none or this very one, or where there
/// is none. The hash of the payload stays with a record that has one, if the answer brings none.
pub(super) static COMPLETE: Lazy = LazyLock::new(|| {
    Script::new(ours!(
        "local value = ARGV[5]\n\
         if there then\n\
         if record[ARGV[2]] ~= 'INPROGRESS' then\n\
         local new = cjson.decode(value)\n\
         local members = {ARGV[8], 'powertools_error', 'powertools_no_response',\n\
         'powertools_overflow'}\n\
         for _, member in ipairs(members) do\n\
         if record[member] ~= new[member] then return 0 end\n\
         end\n\
         end\n\
         local hash = record[ARGV[7]]\n\
         if ARGV[7] ~= '' and type(hash) == 'string' then\n\
         value = string.sub(value, 1, -2) .. ',' .. cjson.encode(ARGV[7]) .. ':'\n\
         .. cjson.encode(hash) .. '}'\n\
         end\n\
         end\n\
         redis.call('SET', KEYS[1], value, 'EX', ARGV[6])\n\
         return 1"
    ))
});

/// Deletes a record of this owner that is not completed.
pub(super) static RELEASE: Lazy = LazyLock::new(|| {
    Script::new(ours!(
        "if not there then return 1 end\n\
         if record[ARGV[2]] ~= 'INPROGRESS' then return 0 end\n\
         redis.call('DEL', KEYS[1])\n\
         return 1"
    ))
});

/// Reads a key. A plain `GET` may be sent to a replica, which lags behind; a script is not.
pub(super) static READ: Lazy = LazyLock::new(|| Script::new("return redis.call('GET', KEYS[1])"));

/// A script with its keys and arguments.
pub(super) struct Call<'a> {
    script: &'a Script,
    keys: &'a [&'a str],
    arguments: Vec<Argument<'a>>,
}

enum Argument<'a> {
    Bytes(&'a [u8]),
    Number(i64),
}

impl<'a> Call<'a> {
    pub(super) fn new(script: &'a Script, keys: &'a [&'a str]) -> Self {
        Self {
            script,
            keys,
            arguments: Vec::with_capacity(4),
        }
    }

    pub(super) fn text(mut self, argument: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        self.arguments.push(Argument::Bytes(argument.as_ref()));
        self
    }

    pub(super) fn number(mut self, argument: i64) -> Self {
        self.arguments.push(Argument::Number(argument));
        self
    }

    /// Runs it by its hash, and in full where the server does not know it yet.
    pub(super) async fn run<T, C>(&self, connection: &mut C) -> RedisResult<T>
    where
        T: FromRedisValue,
        C: ConnectionLike,
    {
        let known = self.command("EVALSHA", &self.script.hash);
        match known.query_async(connection).await {
            Err(error) if is_unknown(&error) => {
                let whole = self.command("EVAL", self.script.code);
                whole.query_async(connection).await
            }
            result => result,
        }
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(self.keys.len()).arg(self.keys);
        for argument in &self.arguments {
            match argument {
                Argument::Bytes(bytes) => command.arg(*bytes),
                Argument::Number(number) => command.arg(*number),
            };
        }
        command
    }
}

fn is_unknown(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
