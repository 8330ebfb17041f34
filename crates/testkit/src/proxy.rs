//! A TCP proxy on a free port, and the ways in which it can be told to get in the way.
//! How bytes are carried is the affair of `traffic`.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

mod carrier;
mod traffic;

use traffic::{Ends, Traffic};

/// Stands between clients and a server, and counts, delays, holds, loses, garbles or cuts what they say to each other.
///
/// ```no_run
/// use hermes_testkit::{Proxy, Redis};
///
/// let redis = Redis::start();
/// let proxy = Proxy::to(redis.address());
/// let url = proxy.url_for("redis"); // for the client under test
///
/// // … the client asks something …
/// assert_eq!(proxy.round_trips(), 1);
///
/// proxy.stall(); // a network that swallows everything, and tells nobody
/// // … the client asks, and gives up …
/// proxy.resume(); // now its command arrives, late
/// ```
///
/// Its threads end when it is dropped, and its connections with them.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    traffic: Arc<Traffic>,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Opens a port that leads to the server at this address, which need not be there yet.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let traffic = Arc::new(Traffic::default());
        let accepting = thread::spawn({
            let traffic = traffic.clone();
            move || accept(&listener, server, &traffic)
        });
        Self { address, traffic, accepting: Some(accepting) }
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL for clients that speak what the scheme says: `redis` gives `redis://127.0.0.1:PORT`.
    #[must_use]
    pub fn url_for(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// How often clients began to speak: with the first bytes of a connection, and whenever the server had said
    /// something in between. Commands in one burst are one round trip.
    #[must_use]
    pub fn round_trips(&self) -> usize {
        self.traffic.round_trips()
    }

    /// How many connections were opened so far; refused ones do not count.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.traffic.connections()
    }

    /// Closes all connections, to the clients and to the server. What was under way is lost.
    pub fn cut(&self) {
        self.traffic.cut(Ends::Both);
    }

    /// Closes all connections to the clients. The server learns of it only after all that the clients have said:
    /// what is held by [`stall`](Self::stall) reaches it after [`resume`](Self::resume).
    pub fn cut_clients(&self) {
        self.traffic.cut(Ends::Client);
    }

    /// Leaves all connections half open: the server sees them closed, the clients are told nothing, and what they say there from
    /// now on is lost. New connections are as ever.
    pub fn abandon(&self) {
        self.traffic.abandon();
    }

    /// Closes new connections as soon as they are opened. Those that are open stay so.
    pub fn refuse(&self) {
        self.traffic.manners().refuses = true;
    }

    /// Takes new connections again, after [`refuse`](Self::refuse).
    pub fn accept_again(&self) {
        self.traffic.manners().refuses = false;
    }

    /// Holds all bytes, of both directions; connections stay open, and new ones can be opened.
    pub fn stall(&self) {
        let mut manners = self.traffic.manners();
        (manners.holds_commands, manners.holds_answers) = (true, true);
    }

    /// Holds the server's answers only: what clients ask for is done, and they do not learn of it.
    pub fn stall_answers(&self) {
        self.traffic.manners().holds_answers = true;
    }

    /// Delivers what was held, and whatever comes from now on.
    pub fn resume(&self) {
        let mut manners = self.traffic.manners();
        (manners.holds_commands, manners.holds_answers) = (false, false);
        drop(manners);
        self.traffic.look_again();
    }

    /// Delivers all bytes later by so much, in each direction. [`Duration::ZERO`] ends it.
    pub fn delay(&self, each_way: Duration) {
        self.traffic.manners().delay = each_way;
    }

    /// Answers whatever clients say from now on with an HTTP error, and keeps it from the server.
    pub fn garble(&self) {
        self.traffic.manners().garbles = true;
    }

    /// Lets the server answer again, after [`garble`](Self::garble).
    pub fn stop_garbling(&self) {
        self.traffic.manners().garbles = false;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.traffic.end();
        // Wakes the thread that accepts. If even that fails, there is nobody to wait for.
        if TcpStream::connect(self.address).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, traffic: &Traffic) {
    // The scope ends when the threads of all connections have.
    thread::scope(|scope| {
        for client in listener.incoming() {
            if traffic.has_ended() {
                return;
            }
            if let Ok(client) = client
                && !traffic.manners().refuses
            {
                scope.spawn(move || carrier::carry(&client, server, traffic));
            }
        }
    });
}
