//! The table at the front: for each worry Hermes beside the best of its peers, whoever wins.

/// One row.
#[derive(Debug)]
pub(crate) struct Headline {
    worry: &'static str,
    unit: &'static str,
    best: Best,
    of_hermes: f64,
    peer: Peer,
    /// The best of those with a ttl, where the others are better only without one.
    with_ttl: Option<Peer>,
}

#[derive(Clone, Debug)]
struct Peer {
    name: String,
    figure: f64,
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
        let peers = || subjects.iter().copied().filter(|(name, _)| !name.starts_with("hermes"));
        let peer = best.of(peers())?;
        let with_ttl = best.of(peers().filter(|(name, _)| name.contains("ttl")));
        let with_ttl = with_ttl.filter(|it| it.name != peer.name);
        Some(Self { worry, unit, best, of_hermes, peer, with_ttl })
    }

    fn row(&self) -> String {
        let cells = [Some(&self.peer), self.with_ttl.as_ref()]
            .map(|peer| peer.map_or_else(|| " | | |".to_owned(), |peer| format!(" {} |", self.beside(peer))));
        let Self { worry, unit, .. } = self;
        format!("| {worry} | {unit} | {} |{}\n", three_digits(self.of_hermes), cells.concat())
    }

    /// The cells of one peer.
    fn beside(&self, peer: &Peer) -> String {
        let ratio = self.of_hermes / peer.figure;
        let wins = match self.best {
            Best::Low => ratio < 1.0,
            Best::High => ratio > 1.0,
        };
        let verdict = match wins {
            _ if (ratio - 1.0).abs() <= ALIKE => "alike",
            true => "better",
            false => "**worse**",
        };
        format!("{} | {} | {} {verdict}", peer.name, three_digits(peer.figure), three_digits(ratio))
    }
}

impl Best {
    fn of<'a>(self, subjects: impl Iterator<Item = (&'a str, f64)>) -> Option<Peer> {
        let (name, figure) = match self {
            Self::Low => subjects.min_by(|one, other| one.1.total_cmp(&other.1)),
            Self::High => subjects.max_by(|one, other| one.1.total_cmp(&other.1)),
        }?;
        Some(Peer { name: name.to_owned(), figure })
    }
}

/// The section.
pub(super) fn overview<'a>(headlines: impl Iterator<Item = &'a Headline>) -> String {
    let rows: String = headlines.map(Headline::row).collect();
    format!(
        "## At a glance

Hermes with two tags and a ttl, beside the best of its peers in the same run, and where that one has no ttl, also beside the best that
has one (quick_cache, foyer and `lru_cache` have none). None of these peers has tags. *Hermes ÷ it* is followed by how
Hermes does. Each row comes from a section below, which says how it was measured and shows the others.

| worry | unit | Hermes | best peer | | Hermes ÷ it | best with a ttl | | Hermes ÷ it |
|---|---|---:|---|---:|---:|---|---:|---:|
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
    fn a_row_says_how_hermes_does() {
        let subjects =
            [("hermes 2 tags", 18.4), ("hermes no tags", 9.0), ("quick_cache", 11.3), ("moka ttl", 101.0)];
        let row = |best| Headline::new("a hit", "ns", best, "hermes 2 tags", &subjects).unwrap().row();
        assert_eq!(
            row(Best::Low),
            "| a hit | ns | 18.4 | quick_cache | 11.3 | 1.63 **worse** | moka ttl | 101 | 0.182 better |\n"
        );
        assert_eq!(row(Best::High), "| a hit | ns | 18.4 | moka ttl | 101 | 0.182 **worse** | | | |\n");
    }

    #[test]
    fn figures_that_are_alike_are_called_so() {
        let subjects = [("hermes", 1.0), ("moka", 1.02)];
        assert!(Headline::new("w", "n", Best::Low, "hermes", &subjects).unwrap().row().contains("alike"));
    }
}
