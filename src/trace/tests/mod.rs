mod captures;
mod forms;
mod numbers;
mod round_trip;
mod scribe;
