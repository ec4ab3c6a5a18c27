//! Where two lists differ.

/// How many elements at the beginning of both lists are alike, and how many of the rest at the end.
pub fn alike_ends<T>(a: &[T], b: &[T], alike: impl Fn(&T, &T) -> bool) -> (usize, usize) {
    let same = |(a, b): &(&T, &T)| alike(a, b);
    let head = a.iter().zip(b).take_while(same).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(same).count();
    (head, tail)
}

#[cfg(test)]
mod tests {
    use super::alike_ends;

    #[test]
    fn an_element_is_of_the_head_or_of_the_tail() {
        let ends = |a: &str, b: &str| alike_ends(a.as_bytes(), b.as_bytes(), |a, b| a == b);
        assert_eq!(ends("abcd", "axcd"), (1, 2));
        assert_eq!(ends("aaa", "aa"), (2, 0));
        assert_eq!(ends("ab", "ab"), (2, 0));
        assert_eq!(ends("", "ab"), (0, 0));
    }
}
