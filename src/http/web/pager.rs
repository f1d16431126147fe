//! Pages of a list: which one is shown, how many rows it has, and the addresses of the others.

use super::visit::{Refusal, Visit};
use std::fmt::Write;

/// How many rows people can choose to see, as in Quay. The choice stands in the address and nowhere else.
pub const SIZES: [usize; 4] = [10, 20, 50, 100];

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Pager {
    /// Rows over all pages.
    pub total: usize,
    /// Rows of a page.
    pub size: usize,
    /// Rows of a page where nobody chose.
    pub usual: usize,
    /// This page, from 1.
    pub number: usize,
    /// The address of a page but for its size and number, ending in `?` or `&`.
    pub base: String,
}

impl Pager {
    /// The page that is asked for; how many rows there are is found out later.
    pub fn read(visit: &Visit, usual: usize, base: String) -> Result<Self, Refusal> {
        Ok(Self { total: 0, size: size(visit, usual)?, usual, number: visit.page_number()?, base })
    }

    /// Rows before this page.
    pub const fn offset(&self) -> usize {
        (self.number - 1) * self.size
    }

    /// The number of the first row, from 1; 0 when there is none.
    pub fn first(&self) -> usize {
        if self.offset() < self.total { self.offset() + 1 } else { 0 }
    }

    /// The number of the last row.
    pub fn last(&self) -> usize {
        if self.first() == 0 { 0 } else { self.total.min(self.offset() + self.size) }
    }

    /// The size in addresses and forms; empty for the usual one.
    pub fn rows(&self) -> String {
        if self.size == self.usual { String::new() } else { self.size.to_string() }
    }

    fn href(&self, size: usize, number: usize) -> String {
        let mut href = self.base.clone();
        if size != self.usual {
            let _ = write!(href, "rows={size}&");
        }
        let _ = write!(href, "page={number}");
        href
    }

    /// The address of this page.
    pub fn here(&self) -> String {
        self.href(self.size, self.number)
    }

    /// The address of the first page, when that is another one.
    pub fn start(&self) -> Option<String> {
        (self.number > 1).then(|| self.href(self.size, 1))
    }

    /// The address of the last page, when that is a later one.
    pub fn end(&self) -> Option<String> {
        let last = self.total.div_ceil(self.size.max(1));
        (last > self.number).then(|| self.href(self.size, last))
    }

    /// The address of the page before.
    pub fn previous(&self) -> Option<String> {
        (self.number > 1).then(|| self.href(self.size, self.number - 1))
    }

    /// The address of the next page.
    pub fn next(&self) -> Option<String> {
        (self.offset() + self.size < self.total).then(|| self.href(self.size, self.number + 1))
    }

    /// Whether another size shows other rows.
    pub fn is_sizable(&self) -> bool {
        SIZES.first().is_some_and(|least| self.total > *least)
    }

    /// Every size with the address of the page that holds the first row of this one.
    pub fn sizes(&self) -> Vec<(usize, String)> {
        SIZES.into_iter().map(|size| (size, self.href(size, self.offset() / size + 1))).collect()
    }
}

/// How many rows are asked for; anything that is not offered is the usual number.
pub fn size(visit: &Visit, usual: usize) -> Result<usize, Refusal> {
    Ok(visit.asked("rows")?.parse().ok().filter(|rows| SIZES.contains(rows)).unwrap_or(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pager(total: usize, number: usize) -> Pager {
        Pager { total, size: 20, usual: 20, number, base: "?".to_owned() }
    }

    #[test]
    fn pages_are_counted_as_people_do() {
        assert_eq!((pager(0, 1).first(), pager(0, 1).last()), (0, 0));
        assert_eq!((pager(45, 3).first(), pager(45, 3).last()), (41, 45));
        assert_eq!(pager(45, 3).next(), None);
        assert_eq!(pager(45, 2).next(), Some("?page=3".to_owned()));
        assert_eq!(pager(40, 2).next(), None);
        assert_eq!(pager(45, 1).previous(), None);
        assert_eq!((pager(45, 1).start(), pager(45, 1).end()), (None, Some("?page=3".to_owned())));
        assert_eq!((pager(45, 3).start(), pager(45, 3).end()), (Some("?page=1".to_owned()), None));
        assert_eq!(pager(0, 1).end(), None);
        assert_eq!((pager(45, 9).first(), pager(45, 9).last()), (0, 0));
    }

    #[test]
    fn another_size_keeps_the_first_row_in_sight_and_stays_while_pages_are_turned() {
        let sizes = pager(450, 3).sizes();
        assert_eq!(
            sizes,
            [
                (10, "?rows=10&page=5".to_owned()),
                (20, "?page=3".to_owned()),
                (50, "?rows=50&page=1".to_owned()),
                (100, "?rows=100&page=1".to_owned()),
            ]
        );
        let fifty = Pager { size: 50, ..pager(450, 2) };
        assert_eq!((fifty.here(), fifty.rows()), ("?rows=50&page=2".to_owned(), "50".to_owned()));
        assert_eq!(fifty.next(), Some("?rows=50&page=3".to_owned()));
        assert_eq!(pager(450, 1).rows(), "");
        assert!(pager(11, 1).is_sizable() && !pager(10, 1).is_sizable());
    }
}
