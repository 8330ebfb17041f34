//! The table at the front: for each worry Hermes beside the best of its peers, whoever wins.

/// One row.
#[derive(Debug)]
pub(crate) struct Headline {
    worry: &'static str,
    unit: &'static str,
    best: Best,
    peer: String,
    of_peer: f64,
    of_hermes: f64,
}

/// Which figures are good.
#[derive(Clone, Copy, Debug)]
pub(super) enum Best {
    Low,
    High,
}

/// Figures nearer to each other than this part are alike: no machine tells them apart.
const ALIKE: f64 = 0.03;

impl Headline {
    /// Hermes by this name beside the best of the subjects that are not Hermes; none if one of the two was not measured.
    pub(super) fn new(
        worry: &'static str,
        unit: &'static str,
        best: Best,
        ours: &str,
        subjects: &[(&str, f64)],
    ) -> Option<Self> {
        let (_, of_hermes) = *subjects.iter().find(|subject| subject.0 == ours)?;
        let peers = subjects.iter().filter(|subject| !subject.0.starts_with("hermes"));
        let (peer, of_peer) = *match best {
            Best::Low => peers.min_by(|one, other| one.1.total_cmp(&other.1)),
            Best::High => peers.max_by(|one, other| one.1.total_cmp(&other.1)),
        }?;
        Some(Self { worry, unit, best, peer: peer.to_owned(), of_peer, of_hermes })
    }

    fn row(&self) -> String {
        let Self { worry, unit, best, peer, of_peer, of_hermes } = self;
        let ratio = of_hermes / of_peer;
        let wins = match best {
            Best::Low => ratio < 1.0,
            Best::High => ratio > 1.0,
        };
        let verdict = match wins {
            _ if (ratio - 1.0).abs() <= ALIKE => "alike",
            true => "better",
            false => "**worse**",
        };
        let [of_hermes, of_peer, ratio] = [*of_hermes, *of_peer, ratio].map(three_digits);
        format!("| {worry} | {unit} | {of_hermes} | {of_peer} | {peer} | {ratio} | {verdict} |\n")
    }
}

/// The section.
pub(super) fn overview<'a>(headlines: impl Iterator<Item = &'a Headline>) -> String {
    let rows: String = headlines.map(Headline::row).collect();
    format!(
        "## At a glance

Hermes with two tags and a ttl, beside the best of its peers in the same run. None of the best ones has tags; quick_cache, foyer and
`lru_cache` have no ttl either. Each row comes from a section below, which says how it was measured and shows the other peers.

| worry | unit | Hermes | best peer | which | Hermes ÷ peer | Hermes is |
|---|---|---:|---:|---|---:|---|
{rows}"
    )
}

/// A number with about three digits that mean something.
fn three_digits(number: f64) -> String {
    let digits = (2 - number.abs().max(1e-9).log10().floor() as i32).clamp(0, 4) as usize;
    format!("{number:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_who_is_better() {
        let subjects =
            [("hermes 2 tags", 18.4), ("hermes no tags", 9.0), ("quick_cache", 11.3), ("moka", 101.0)];
        let row = |best| Headline::new("a hit", "ns", best, "hermes 2 tags", &subjects).unwrap().row();
        assert_eq!(row(Best::Low), "| a hit | ns | 18.4 | 11.3 | quick_cache | 1.63 | **worse** |\n");
        assert_eq!(row(Best::High), "| a hit | ns | 18.4 | 101 | moka | 0.182 | **worse** |\n");
    }

    #[test]
    fn figures_that_are_alike_are_called_so() {
        let subjects = [("hermes", 1.0), ("moka", 1.02)];
        assert!(
            Headline::new("w", "n", Best::Low, "hermes", &subjects).unwrap().row().ends_with("alike |\n")
        );
    }
}
