//! Which of our lines stands beside which expected one.

/// A place in the expected list and one in ours; one of the two is nothing where the other list
/// has a line too many.
pub(in crate::arms) type Pair = (Option<usize>, Option<usize>);

/// Lays two lists beside each other in their order, as cheaply as can be. Every item of the
/// shorter list gets a partner, so that a line too many does not make all later ones differ.
pub(in crate::arms) fn align(
    theirs: usize,
    ours: usize,
    cost: impl Fn(usize, usize) -> usize,
) -> Vec<Pair> {
    if theirs <= ours {
        let places = embed(theirs, ours, cost);
        pairs(&places, ours, |theirs, ours| (theirs, Some(ours)))
    } else {
        let places = embed(ours, theirs, |ours, theirs| cost(theirs, ours));
        pairs(&places, theirs, |ours, theirs| (Some(theirs), ours))
    }
}

fn pairs(places: &[usize], long: usize, pair: impl Fn(Option<usize>, usize) -> Pair) -> Vec<Pair> {
    let partner = |place| places.iter().position(|own| *own == place);
    (0..long).map(|place| pair(partner(place), place)).collect()
}

/// For each item of the short list its place in the long one.
fn embed(short: usize, long: usize, cost: impl Fn(usize, usize) -> usize) -> Vec<usize> {
    // `best[s][l]`: what it costs to lay the short list from `s` beside the long one from `l`.
    let mut best = vec![vec![0; long + 1]; short + 1];
    let slack = long - short;
    for s in (0..short).rev() {
        best[s][s + slack + 1] = usize::MAX;
        for l in (s..=s + slack).rev() {
            let here = cost(s, l).saturating_add(best[s + 1][l + 1]);
            best[s][l] = here.min(best[s][l + 1]);
        }
    }
    let mut l = 0;
    (0..short)
        .map(|s| {
            while best[s][l] == best[s][l + 1] && l < s + slack {
                l += 1;
            }
            l += 1;
            l - 1
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(theirs: &str, ours: &str) -> String {
        let (a, b): (Vec<char>, Vec<char>) = (theirs.chars().collect(), ours.chars().collect());
        let pairs = align(a.len(), b.len(), |i, j| usize::from(a[i] != b[j]));
        let show = |list: &[char], place: Option<usize>| place.map_or('-', |place| list[place]);
        let side = |side: &dyn Fn(&Pair) -> char| pairs.iter().map(side).collect::<String>();
        let (top, bottom) = (side(&|p| show(&a, p.0)), side(&|p| show(&b, p.1)));
        format!("{top} {bottom}")
    }

    #[test]
    fn line_too_many_stands_alone() {
        for (theirs, ours, expected) in [
            ("", "", " "),
            ("ab", "ab", "ab ab"),
            ("xy", "yx", "xy yx"),
            ("b", "abc", "-b- abc"),
            ("abc", "b", "abc -b-"),
            ("bd", "abcd", "-b-d abcd"),
            ("abcd", "ad", "abcd a--d"),
            ("", "ab", "-- ab"),
            ("xb", "axb", "-xb axb"),
        ] {
            assert_eq!(laid(theirs, ours), expected);
        }
    }
}
