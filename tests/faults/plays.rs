//! What hosts do on the wire: the least that makes a fault, each a function of one who asks.

use std::io;
use std::time::Duration;

use super::server::Client;

/// As often as a slow server says something: sooner than any `read_timeout` here.
const NOW_AND_THEN: Duration = Duration::from_millis(500);

/// 2 MiB a second.
const WAVE: usize = 64 << 10;
const BETWEEN_WAVES: Duration = Duration::from_millis(30);

/// Says this, and closes.
pub(super) fn says(
    answer: impl Into<Vec<u8>>,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync {
    let answer = answer.into();
    move |client| {
        client.say(&answer)?;
        client.hang_up()
    }
}

/// Says this, and leaves the connection open for more.
pub(super) fn keeps_open(
    answer: impl Into<Vec<u8>>,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync {
    let answer = answer.into();
    move |client| client.say(&answer)
}

/// Says this, then nothing more.
pub(super) fn falls_silent_after(
    answer: &'static str,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync {
    move |client| {
        client.say(answer)?;
        client.wait_until_gone()
    }
}

/// Says the first once, the second without end.
pub(super) fn endlessly(
    first: &'static str,
    then: &'static str,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync {
    move |client| {
        client.say(first)?;
        client.say_for_ever(then.as_bytes())
    }
}

/// Says the first once, then so much of the second that no limit of bytes fails to be reached, but leaves a machine
/// of two cores room for the others.
pub(super) fn floods(
    first: &'static str,
    then: &'static str,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync {
    move |client| {
        client.say(first)?;
        client.drip(then.repeat(WAVE / then.len() + 1).as_bytes(), BETWEEN_WAVES)
    }
}

/// Says the first at once, the second now and then, without end.
pub(super) fn drips(
    first: &'static str,
    then: &'static str,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync {
    move |client| {
        client.say(first)?;
        client.drip(then.as_bytes(), NOW_AND_THEN)
    }
}

/// Answers with this head (status, reason, and fields but the length) and this body, as HTTP wants it.
pub(super) fn answers(
    head: impl Into<String>,
    body: impl Into<Vec<u8>>,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync {
    let (head, body) = (head.into(), body.into());
    move |client| client.answer(&head, &body)
}

/// Answers with a page.
pub(super) fn html(
    body: impl Into<Vec<u8>>,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync {
    answers("200 OK\r\nContent-Type: text/html", body)
}

/// Redirects to there.
pub(super) fn redirects_to(
    location: impl Into<String>,
) -> impl Fn(&mut Client) -> io::Result<()> + Send + Sync {
    answers(format!("302 Found\r\nLocation: {}", location.into()), "")
}

/// Redirects from one new place to the next.
pub(super) fn redirects_on(client: &mut Client) -> io::Result<()> {
    let on = format!("302 Found\r\nLocation: {}", format!("{}-on", client.path).replace("/-", "/"));
    client.answer(&on, "")
}

/// Two places, each of which redirects to the other.
pub(super) fn redirects_to_and_fro(client: &mut Client) -> io::Result<()> {
    let on = if client.path == "/" { "/there" } else { "/" };
    client.answer(&format!("302 Found\r\nLocation: {on}"), "")
}

/// Closes with the request unread: the client's end is reset.
pub(super) fn resets(client: &mut Client) -> io::Result<()> {
    client.stream.peek(&mut [0]).map(drop)
}

/// Says nothing, reads nothing.
pub(super) fn is_silent(client: &mut Client) -> io::Result<()> {
    client.wait_until_gone()
}

/// Each page leads to the next day, for ever.
pub(super) fn calendar(client: &mut Client) -> io::Result<()> {
    let day = client.path.trim_matches('/').len();
    let next = format!("<title>日历</title><a href=/{}>下一天</a>", "d".repeat(day + 1));
    client.answer("200 OK\r\nContent-Type: text/html", next)
}

/// Other bytes each time, and links to pages that nobody saw before.
pub(super) fn never_the_same(client: &mut Client) -> io::Result<()> {
    let now = gongkai::clock::now().as_millis();
    let links: Vec<_> = (0..100).map(|link| format!("<a href=/{now}-{link}.html>x</a>")).collect();
    client.answer(
        "200 OK\r\nContent-Type: text/html",
        format!("<title>{now}</title>{}", links.concat()),
    )
}
