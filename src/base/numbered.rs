//! A map whose keys are ids that were given out in ascending order: a row of places, found without a search.

use core::marker::PhantomData;
use std::collections::VecDeque;

/// A map from ids. It keeps an empty place for each id between the least and the greatest that it holds, so it is for
/// ids that are counted up, and whose holders mostly go in the order in which they came.
#[derive(Clone, Debug)]
pub struct Numbered<K, V> {
    /// The id of the first place.
    first: u32,
    places: VecDeque<Option<V>>,
    ids: PhantomData<K>,
}

impl<K, V> Default for Numbered<K, V> {
    fn default() -> Self {
        Numbered { first: 0, places: VecDeque::new(), ids: PhantomData }
    }
}

impl<K: Copy + From<u32>, V> Numbered<K, V>
where
    u32: From<K>,
{
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    fn place(&self, id: K) -> Option<usize> {
        u32::from(id).checked_sub(self.first).map(|place| place as usize)
    }

    /// What has this id.
    pub fn get(&self, id: &K) -> Option<&V> {
        self.places.get(self.place(*id)?)?.as_ref()
    }

    /// What has this id.
    pub fn get_mut(&mut self, id: &K) -> Option<&mut V> {
        let place = self.place(*id)?;
        self.places.get_mut(place)?.as_mut()
    }

    /// Whether anything has this id.
    pub fn contains_key(&self, id: &K) -> bool {
        self.get(id).is_some()
    }

    /// Gives this id to a value; gives the one that had it before.
    pub fn insert(&mut self, id: K, value: V) -> Option<V> {
        if self.places.is_empty() {
            self.first = u32::from(id);
        }
        while u32::from(id) < self.first {
            self.first -= 1;
            self.places.push_front(None);
        }
        let place = (u32::from(id) - self.first) as usize;
        if place >= self.places.len() {
            self.places.resize_with(place + 1, || None);
        }
        self.places[place].replace(value)
    }

    /// Takes out what has this id.
    pub fn remove(&mut self, id: &K) -> Option<V> {
        let place = self.place(*id)?;
        let value = self.places.get_mut(place)?.take();
        while let Some(None) = self.places.front() {
            self.places.pop_front();
            self.first += 1;
        }
        value
    }

    /// All ids with what has them, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        (self.first..).zip(&self.places).filter_map(|(id, place)| Some((K::from(id), place.as_ref()?)))
    }

    /// All ids that something has, in ascending order.
    pub fn keys(&self) -> impl Iterator<Item = K> + '_ {
        self.iter().map(|(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Fd;

    #[test]
    fn it_is_a_map_whose_first_places_go_when_they_are_empty() {
        let mut map = Numbered::new();
        for id in [3, 4, 6] {
            assert_eq!(map.insert(Fd(id), id * 10), None);
        }
        assert_eq!(map.keys().collect::<Vec<_>>(), [Fd(3), Fd(4), Fd(6)]);
        assert_eq!((map.get(&Fd(2)), map.get(&Fd(5)), map.get(&Fd(6)), map.get(&Fd(7))), (None, None, Some(&60), None));
        assert_eq!((map.remove(&Fd(4)), map.remove(&Fd(4)), map.remove(&Fd(9))), (Some(40), None, None));
        assert_eq!(map.places.len(), 4, "an older one holds the places");
        assert_eq!(map.remove(&Fd(3)), Some(30));
        assert_eq!((map.first, map.places.len()), (6, 1));
        assert_eq!(map.insert(Fd(5), 50), None, "an earlier one may come back");
        assert_eq!(map.insert(Fd(5), 51), Some(50));
        assert_eq!(map.iter().collect::<Vec<_>>(), [(Fd(5), &51), (Fd(6), &60)]);
        assert_eq!((map.remove(&Fd(6)), map.remove(&Fd(5))), (Some(60), Some(51)));
        assert!(!map.contains_key(&Fd(5)) && map.places.is_empty());
        map.insert(Fd(100), 1);
        assert_eq!((map.first, map.get_mut(&Fd(100))), (100, Some(&mut 1)));
    }
}
