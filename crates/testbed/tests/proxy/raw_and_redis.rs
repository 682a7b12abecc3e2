//! Servers that speak no HTTP.

use std::{net::SocketAddr, time::Duration};

use testbed::proxy::{Answer, Fault, Kept, LostReply, Protocol, Proxy, Rule};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
};

use crate::support::{Client, is_reset, listener, within};

/// Sends back what it gets.
async fn echo() -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.into_split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

/// Answers every line with `:n`, the number of lines so far; a push before every third reply.
async fn counter() -> (SocketAddr, watch::Receiver<u32>) {
    let (listener, address) = listener().await;
    let (count, counted) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            while let Ok(byte) = stream.read_u8().await {
                if byte != b'\n' {
                    continue;
                }
                count.send_modify(|count| *count += 1);
                let number = *count.borrow();
                let push = if number % 3 == 0 {
                    ">1\r\n+news\r\n"
                } else {
                    ""
                };
                let reply = format!("{push}:{number}\r\n");
                if stream.write_all(reply.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (address, counted)
}

#[tokio::test]
async fn a_pipeline_keeps_its_order_round_a_fault() {
    within(async {
        let (address, counted) = counter().await;
        let proxy = Proxy::in_front_of(address, Protocol::Redis).await;
        let loading = Fault::answer(Answer::redis_error("LOADING wait"));
        proxy.set_rules([
            Rule::new("loading", loading).on_command("set"),
            Rule::new("twice", Fault::duplicate(Kept::First)).on_command("INCR"),
        ]);
        let mut client = Client::connect(&proxy).await;
        client
            .send("GET a\r\nSET a 1\r\nGET b\r\nGET c\r\nINCR d\r\nGET e\r\n")
            .await;
        let replies = client.until(":6\r\n").await.unwrap();
        let pushed = ">1\r\n+news\r\n";
        let expected = format!(":1\r\n-LOADING wait\r\n:2\r\n{pushed}:3\r\n:4\r\n{pushed}:6\r\n");
        assert_eq!(replies, expected);
        assert_eq!(*counted.borrow(), 6);
        let seen: Vec<_> = proxy.requests().iter().map(|r| r.summary()).collect();
        assert_eq!(
            seen,
            ["GET a", "SET a", "GET b", "GET c", "INCR d", "GET e"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_truncated_redis_reply_is_half_of_it() {
    within(async {
        let (address, counted) = counter().await;
        let proxy = Proxy::in_front_of(address, Protocol::Redis).await;
        proxy.add_rule(Rule::new("cut", Fault::truncate()));
        let mut client = Client::connect(&proxy).await;
        client.send("GET a\r\n").await;
        assert_eq!(client.rest().await.unwrap(), ":1");
        assert_eq!(*counted.borrow(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_speaks_first_is_heard() {
    within(async {
        let (listener, address) = listener().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"hello\n").await.unwrap();
        });
        let proxy = Proxy::in_front_of(address, Protocol::Raw).await;
        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.rest().await.unwrap(), "hello\n");
    })
    .await;
}

#[tokio::test]
async fn raw_bytes_flow_both_ways_at_once() {
    within(async {
        let proxy = Proxy::in_front_of(echo().await, Protocol::Raw).await;
        let stream = TcpStream::connect(proxy.address()).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let sent: Vec<u8> = (0..8_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
        let writing = tokio::spawn({
            let sent = sent.clone();
            async move {
                write.write_all(&sent).await.unwrap();
                // Dropped, the half says that no more will come.
            }
        });
        let mut got = Vec::new();
        read.read_to_end(&mut got).await.unwrap();
        writing.await.unwrap();
        assert!(got == sent, "{} bytes came back", got.len());
    })
    .await;
}

#[tokio::test]
async fn two_sides_that_write_before_they_read_do_not_block_each_other() {
    const MUCH: usize = 12_000_000;
    within(async {
        let (listener, address) = listener().await;
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(&vec![1; MUCH]).await.unwrap();
            let mut got = vec![0; MUCH];
            stream.read_exact(&mut got).await.unwrap();
        });
        let proxy = Proxy::in_front_of(address, Protocol::Raw).await;
        let stream = TcpStream::connect(proxy.address()).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let mut got = Vec::new();
        let writing = async { write.write_all(&vec![2; MUCH]).await.unwrap() };
        let (read, ()) = tokio::join!(read.read_to_end(&mut got), writing);
        assert_eq!(read.unwrap(), MUCH);
        server.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn faults_act_on_raw_bytes_in_the_middle_of_a_connection() {
    within(async {
        let proxy = Proxy::in_front_of(echo().await, Protocol::Raw).await;
        let mut client = Client::connect(&proxy).await;
        client.send("one.").await;
        client.until("one.").await.unwrap();
        proxy.add_rule(Rule::new("hang", Fault::hang()).times(1));
        client.send("two.").await;
        proxy.fired("hang").await;
        assert!(client.hears_nothing().await);
        proxy.release("hang");
        client.until("two.").await.unwrap();
        proxy.set_rules([Rule::new("twice", Fault::duplicate_reply()).times(1)]);
        client.send("tri.").await;
        assert_eq!(client.until("tri.tri.").await.unwrap(), "tri.tri.");
        proxy.set_rules([Rule::new("slow", Fault::drip(1, Duration::from_millis(10))).times(1)]);
        client.send("fou.").await;
        client.until("fou.").await.unwrap();
        assert!(proxy.fired("slow").await.at().elapsed() >= Duration::from_millis(30));
        proxy.set_rules([Rule::new("lost", Fault::drop_reply(LostReply::Close))]);
        client.send("six.").await;
        assert_eq!(client.rest().await.unwrap(), "");
        proxy.set_rules([Rule::new("reset", Fault::reset()).containing("seven")]);
        let mut client = Client::connect(&proxy).await;
        client.send("seven").await;
        is_reset(client.rest().await);
    })
    .await;
}

#[tokio::test]
async fn the_rest_of_a_split_request_goes_on_while_its_reply_is_awaited() {
    within(async {
        let (address, counted) = counter().await;
        let proxy = Proxy::in_front_of(address, Protocol::Raw).await;
        proxy.add_rule(Rule::new("lost", Fault::drop_reply(LostReply::Close)).containing("GET"));
        let mut client = Client::connect(&proxy).await;
        client.send("GET ").await;
        assert!(client.hears_nothing().await);
        assert_eq!(proxy.requests().len(), 1);
        client.send("a\r\n").await;
        assert_eq!(client.rest().await.unwrap(), "");
        assert_eq!(*counted.borrow(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_empty_redis_command_passes_and_no_reply_is_awaited() {
    within(async {
        let (listener, address) = listener().await;
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            while !read.ends_with(b"PING\r\n") {
                read.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"+PONG\r\n").await.unwrap();
            read
        });
        let proxy = Proxy::in_front_of(address, Protocol::Redis).await;
        proxy.add_rule(Rule::new("twice", Fault::duplicate_reply()));
        let mut client = Client::connect(&proxy).await;
        let sent = "\r\n  \r\n*0\r\n*-1\r\nPING\r\n";
        client.send(sent).await;
        client.until("+PONG\r\n+PONG\r\n").await.unwrap();
        assert_eq!(server.await.unwrap(), sent.as_bytes());
        assert_eq!(proxy.requests().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_push_that_comes_in_two_parts_is_no_reply() {
    within(async {
        let (listener, address) = listener().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut line = [0; 6];
            stream.read_exact(&mut line).await.unwrap();
            let begin = b"+ONE\r\n>1\r\n+whole\r\n>2\r\n+invalidate\r\n$10\r\n0123";
            stream.write_all(begin).await.unwrap();
            stream.read_exact(&mut line).await.unwrap();
            stream.write_all(b"456789\r\n+TWO\r\n").await.unwrap();
            let _ = stream.read_u8().await;
        });
        let proxy = Proxy::in_front_of(address, Protocol::Redis).await;
        let mut client = Client::connect(&proxy).await;
        client.send("PING\r\n").await;
        client.until("+ONE\r\n>1\r\n+whole\r\n").await.unwrap();
        assert!(client.hears_nothing().await);
        proxy.add_rule(Rule::new("twice", Fault::duplicate_reply()));
        client.send("PING\r\n").await;
        let rest = client.until("+TWO\r\n+TWO\r\n").await.unwrap();
        let push = ">2\r\n+invalidate\r\n$10\r\n0123456789\r\n";
        assert_eq!(rest, format!("{push}+TWO\r\n+TWO\r\n"));
    })
    .await;
}
