//! What the crawl decided without asking anybody: which of the URLs in its queues robots.txt keeps it from,
//! and which hosts rest because theirs cannot be had, or says that they are not to be visited now.

use std::collections::HashMap;

use crate::clock::Moment;
use crate::crawl::PATIENCE;
use crate::crawl::permission::{closed, forbidden, put_off};
use crate::db::{DbError, Tx};
use crate::politeness::robots::{Rules, Standing};

/// So many URLs are looked at at once.
const AT_ONCE: u32 = 1_000;

/// So many origins are kept at hand.
const ORIGINS: usize = 4_096;

enum Word {
    Rules(Rules),
    Unreachable {
        until: Moment,
        why: String,
    },
    /// Nothing is known, or everything allowed: the next crawl asks.
    Nothing,
}

/// Goes through all queues, by what each origin's robots.txt said last. `last`: when the last exchange
/// ended, the one moment that is known of the crawl's end.
pub(super) fn robots(tx: &Tx<'_>, last: Moment) -> Result<(), DbError> {
    let mut words: HashMap<String, Word> = HashMap::new();
    let mut after = 0;
    loop {
        let queued = tx.queued_after(after, AT_ONCE)?;
        let Some(end) = queued.last() else {
            return Ok(());
        };
        after = end.id;
        for one in &queued {
            let origin = one.url.origin();
            if !words.contains_key(&origin) {
                if words.len() >= ORIGINS {
                    words.clear();
                }
                words.insert(origin.clone(), word(tx, &origin)?);
            }
            match words.get(&origin) {
                Some(Word::Rules(rules)) => {
                    if let Some(reason) = forbidden(rules, &one.spelling) {
                        tx.exclude_url(one.id, one.host_id, &reason)?;
                    } else if let Some((until, why)) = closed(rules, last) {
                        tx.rest_host(one.host_id, until, &why)?;
                    }
                }
                Some(Word::Unreachable { until, why }) => {
                    // No crawl has looked at a host that was not due again by its end.
                    if tx
                        .rests_until(one.host_id)?
                        .is_some_and(|until| until > last.after(PATIENCE))
                    {
                        continue;
                    }
                    put_off(tx, (one.id, &one.url), one.host_id, *until, why)?;
                }
                Some(Word::Nothing) | None => {}
            }
        }
    }
}

fn word(tx: &Tx<'_>, origin: &str) -> Result<Word, DbError> {
    let Some(robots) = tx.origin(origin)? else {
        return Ok(Word::Nothing);
    };
    Ok(match robots.standing {
        Standing::Rules => Word::Rules(robots.rules()),
        Standing::Disallow => Word::Unreachable { until: robots.expires_at, why: robots.why },
        Standing::Allow | Standing::Redirect => Word::Nothing,
    })
}
