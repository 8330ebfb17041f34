//! The backend of the second suite, with what is known of it, and short words for what stories ask of it.
//! Leaves what the answers have to be to `commands`.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use hermes::{
    Moment,
    backend::{
        Arguments, Backend, Buckets, CodecId, Command, Committed, Entry, Key, Leaving, Listed, Manner,
        Namespace, Payload, Point, Purpose, Reply, Sight, TagVersion, Tags, Target, Token, Ttl, Value,
        Versions, View,
    },
};

use super::{
    place::fresh_namespace,
    voice::{Voice, in_voice},
};

/// How long things live that are not to end while a story is told.
pub(super) const LONG: Duration = Duration::from_secs(3600);
/// How long things live whose end a story waits for.
pub(super) const SHORT: Duration = Duration::from_millis(50);

/// Writes bytes under a name, past the backend.
pub(super) type Write = Box<dyn Fn(&str, &[u8])>;

/// A backend under test: what a suite of commands is run on.
///
/// ```
/// use hermes_testkit::{ModelBackend, conformance::Candidate};
///
/// let model = ModelBackend::new();
/// let candidate = Candidate::new(model.clone()).writes(move |name, bytes| model.write(name, bytes));
/// ```
///
/// Each story has a namespace of its own.
pub struct Candidate {
    backend: Box<dyn Backend>,
    namespace: Namespace,
    write: Option<Write>,
    whose_tokens: WhoseTokens,
    voice: Voice,
}

/// Who makes the tokens that name a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhoseTokens {
    /// Whoever asks for the lease brings one.
    TheCallers,
    /// The server hands one out.
    TheServers,
}

/// A lease that was won, and the versions under which to commit.
#[derive(Debug, Clone)]
pub(super) struct Won {
    pub(super) token: Token,
    pub(super) versions: Versions,
}

impl Candidate {
    /// A backend of which nothing more is known.
    pub fn new(backend: impl Backend) -> Self {
        Self {
            backend: Box::new(backend),
            namespace: namespace(&fresh_namespace()),
            write: None,
            whose_tokens: WhoseTokens::TheCallers,
            voice: Voice::Blocking,
        }
    }

    /// How to write bytes under a name past the backend: for the stories of bytes that nobody can read. Without it,
    /// they are not told.
    #[must_use]
    pub fn writes(self, write: impl Fn(&str, &[u8]) + 'static) -> Self {
        Self { write: Some(Box::new(write)), ..self }
    }

    /// Says that the server names leases, as memcached does, and not who asks for them.
    #[must_use]
    pub fn with_tokens_of_the_server(self) -> Self {
        Self { whose_tokens: WhoseTokens::TheServers, ..self }
    }

    /// The same, asked from tasks.
    #[cfg(feature = "async")]
    #[doc(hidden)]
    #[must_use]
    pub fn in_tasks(self) -> Self {
        Self { voice: Voice::InTasks, ..self }
    }

    pub(super) fn buckets(&self) -> Buckets {
        self.backend.buckets()
    }

    pub(super) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    pub(super) fn write(&self) -> Option<&Write> {
        self.write.as_ref()
    }

    pub(super) fn whose_tokens(&self) -> WhoseTokens {
        self.whose_tokens
    }

    /// A key of this name with these tags.
    pub(super) fn target(&self, name: &str, tags: &[&str]) -> Arc<Target> {
        target(&self.namespace, name, tags)
    }

    pub(super) fn ask(&self, command: &Command) -> Reply {
        in_voice!(self.voice, self.backend.execute(command), self.backend.execute_async(command))
            .expect("a server that serves has an answer")
    }

    pub(super) fn ask_all(&self, commands: &[Command]) -> Vec<Reply> {
        let backend = &self.backend;
        let answers =
            in_voice!(self.voice, backend.execute_all(commands), backend.execute_all_async(commands));
        let reply = |answer: Result<_, _>| answer.expect("a server that serves has an answer");
        answers.into_iter().map(reply).collect()
    }

    pub(super) fn list(&self, namespace: &Namespace) -> Vec<Listed> {
        in_voice!(self.voice, self.backend.list(namespace), self.backend.list_async(namespace))
            .expect("a server that serves can be listed")
    }

    pub(super) fn fetch(&self, target: &Arc<Target>, purpose: Purpose) -> View {
        match self.ask(&fetch(target, purpose)) {
            Reply::Fetched(view) => view,
            other => panic!("a fetch was answered with {other:?}"),
        }
    }

    /// What lies there, without a claim to it.
    pub(super) fn peek(&self, target: &Arc<Target>) -> View {
        self.fetch(target, Purpose::Peek)
    }

    /// What is stored there.
    pub(super) fn payload(&self, target: &Arc<Target>) -> Option<Payload> {
        self.peek(target).entry.map(|entry| entry.payload)
    }

    /// Who has the lease.
    pub(super) fn lease(&self, target: &Arc<Target>) -> Sight {
        self.fetch(target, Purpose::Follow).lease
    }

    pub(super) fn holds(&self, target: &Arc<Target>, token: Token) -> bool {
        matches!(self.lease(target), Sight::Held(lease) if lease.token == token)
    }

    /// Asks for the lease as a call does that computes.
    pub(super) fn acquire(&self, target: &Arc<Target>) -> View {
        self.acquire_as(&acquire(target, Manner::Polite, LONG, LONG))
    }

    pub(super) fn acquire_as(&self, command: &Command) -> View {
        match self.ask(command) {
            Reply::Acquired(view) => view,
            other => panic!("an acquire was answered with {other:?}"),
        }
    }

    /// Takes a lease that is to be had.
    pub(super) fn win(&self, target: &Arc<Target>) -> Won {
        won(target, &self.acquire(target))
    }

    /// Takes a lease, whoever has it.
    pub(super) fn win_by_force(&self, target: &Arc<Target>) -> Won {
        won(target, &self.acquire_as(&acquire(target, Manner::Forced, LONG, LONG)))
    }

    pub(super) fn commit(&self, target: &Arc<Target>, won: &Won, payload: &[u8]) -> Committed {
        self.commit_as(target, entry(won, payload, LONG), LONG)
    }

    pub(super) fn commit_as(&self, target: &Arc<Target>, entry: Entry, tag_life: Duration) -> Committed {
        match self.ask(&Command::Commit { target: Arc::clone(target), entry, tag_life }) {
            Reply::Committed(committed) => committed,
            other => panic!("a commit was answered with {other:?}"),
        }
    }

    /// Takes the lease and commits.
    pub(super) fn store(&self, target: &Arc<Target>, payload: &[u8]) {
        let won = self.win(target);
        assert_eq!(self.commit(target, &won, payload), Committed::Stored);
    }

    pub(super) fn release(&self, target: &Arc<Target>, token: Token, leaving: Leaving) {
        let command = Command::Release { target: Arc::clone(target), token, leaving };
        assert_eq!(self.ask(&command), Reply::Done);
    }

    pub(super) fn renew(&self, target: &Arc<Target>, token: Token, lease: Duration) -> Option<Token> {
        match self.ask(&Command::Renew { target: Arc::clone(target), token, lease }) {
            Reply::Renewed(renewed) => renewed,
            other => panic!("a renewal was answered with {other:?}"),
        }
    }

    pub(super) fn invalidate(&self, target: &Arc<Target>) {
        assert_eq!(self.ask(&Command::Invalidate { key: target.key.clone() }), Reply::Done);
    }

    /// Deletes the versions of these tags in the bucket of a key.
    pub(super) fn clean(&self, target: &Arc<Target>, tags: &[hermes::backend::Tag]) {
        let bucket = target.key.bucket(self.buckets());
        let namespace = target.key.namespace().clone();
        assert_eq!(self.ask(&Command::Clean { namespace, bucket, tags: tags.into() }), Reply::Done);
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backend, namespace, write: _, whose_tokens, voice } = self;
        f.debug_struct("Candidate")
            .field("backend", backend)
            .field("namespace", namespace)
            .field("whose_tokens", whose_tokens)
            .field("voice", voice)
            .finish_non_exhaustive()
    }
}

pub(super) fn namespace(name: &str) -> Namespace {
    Namespace::new(name).expect("a story's namespace is well-formed")
}

pub(super) fn target(namespace: &Namespace, name: &str, tags: &[&str]) -> Arc<Target> {
    let point = Point::function("conformance", None);
    let mut arguments = Arguments::new();
    arguments.push(name).expect("text can be part of a key");
    Arc::new(Target { key: Key::new(namespace, &point, &arguments), tags: Tags::new(&point, tags) })
}

pub(super) fn fetch(target: &Arc<Target>, purpose: Purpose) -> Command {
    Command::Fetch { target: Arc::clone(target), purpose, lease: LONG, tag_life: LONG }
}

pub(super) fn acquire(target: &Arc<Target>, manner: Manner, lease: Duration, tag_life: Duration) -> Command {
    let token = Token::draw(&mut random);
    let fresh = fresh_versions(target);
    Command::Acquire { target: Arc::clone(target), token, fresh, manner, lease, tag_life }
}

pub(super) fn fresh_versions(target: &Target) -> Vec<TagVersion> {
    target.tags.iter().map(|_| TagVersion::draw(&mut random)).collect()
}

/// What there is to win of a view.
#[track_caller]
pub(super) fn won(target: &Target, view: &View) -> Won {
    let Sight::Won(token) = view.lease else { panic!("the lease was not won: {:?}", view.lease) };
    let versions = view.versions.complete(&target.tags).expect("an acquire leaves no version absent");
    Won { token, versions }
}

pub(super) fn entry(won: &Won, payload: &[u8], ttl: Duration) -> Entry {
    let ttl = Ttl::new(ttl).expect("a story's ttl is within bounds");
    let value = Value { codec: CodecId(1), payload: Payload::from(payload), ttl };
    let created = Moment::from_unix_ms(1_700_000_000_000);
    Entry::new(won.token, won.versions.clone(), value, created, Duration::from_micros(1234))
}

/// A token that nobody holds.
pub(super) fn foreign_token() -> Token {
    Token::draw(&mut random)
}

/// Random enough to tell the values of a test apart: the standard library draws the keys of its hash maps.
fn random(bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&RandomState::new().hash_one(()).to_le_bytes()[..chunk.len()]);
    }
}
