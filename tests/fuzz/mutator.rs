//! Makes inputs out of a corpus: the usual bit and block mutations, words of the grammar, and pieces of other inputs.

/// Longest input: what a request line and its headers may be.
const LONGEST: usize = 8 * 1024;
/// Bytes that parsers stumble over.
const ODD: &[u8] = b"\0\t\n\r \"%&'+,-./:;<=?@[\\]_`{|}~\x7f\x80\xc0\xe2\xff09azAZ";

pub(super) struct Mutator {
    state: u64,
    words: &'static [&'static str],
}

impl Mutator {
    pub(super) fn new(seed: u64, words: &'static [&'static str]) -> Self {
        Self { state: seed, words }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> Option<&'a T> {
        let place = self.below(from.len());
        from.get(place).copied()
    }

    /// One input: an entry of the corpus with one to eight changes.
    pub(super) fn input(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let place = self.below(corpus.len());
        let mut input = corpus[place].clone();
        for _ in 0..=self.below(8) {
            let other = self.below(corpus.len());
            self.change(&mut input, &corpus[other]);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(input.len() + 1);
        let length = self.below(16.min(input.len() + 1 - at));
        match self.below(9) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = ODD[self.below(ODD.len())],
            2 => drop(input.drain(at..at + length)),
            3 => input.truncate(at),
            4 => {
                let piece = input[at..at + length].to_vec();
                for _ in 0..=self.below(40) {
                    input.splice(at..at, piece.iter().copied());
                }
            }
            5 => {
                let word = self.pick(self.words).unwrap_or_default();
                input.splice(at..at, word.bytes());
            }
            6 => {
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            7 => {
                let odd = ODD[self.below(ODD.len())];
                input.insert(at, odd);
            }
            _ => {
                let byte = self.next().to_le_bytes()[0];
                input.splice(at..at + length, [byte]);
            }
        }
    }
}
