//! Object streams (ISO 32000-2 clause 7.5.7): decoded once, kept while there is room, parsed object by object.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::error::Error;
use crate::filters;
use crate::lexer::{Window, skip_space, unsigned};
use crate::object::{Dict, ObjId, Object};
use crate::xref::{Env, direct_steps};

/// A decoded object stream.
#[derive(Debug)]
pub(crate) struct ObjectStream {
    data: Vec<u8>,
    /// Number and absolute offset of each object.
    index: Vec<(u32, u32)>,
}

impl ObjectStream {
    /// Reads the header: `n` pairs of number and offset, the offsets counting from `first`.
    pub(crate) fn new(env: &Env<'_>, data: Vec<u8>, n: usize, first: usize) -> Result<ObjectStream, Error> {
        let bad = |offset| Error::Syntax { offset, reason: "object stream header" };
        env.budget.take_values(n)?;
        let mut index = Vec::new();
        let (text, mut pos) = (Window::whole(&data), 0);
        for _ in 0..n {
            let (num, end) = unsigned(text, skip_space(text, pos)).ok_or(bad(pos))?;
            let (offset, end) = unsigned(text, skip_space(text, end)).ok_or(bad(pos))?;
            let offset = offset.checked_add(first as u64).and_then(|v| u32::try_from(v).ok()).ok_or(bad(pos))?;
            index.push((u32::try_from(num).map_err(|_| bad(pos))?, offset));
            pos = end;
        }
        Ok(ObjectStream { data, index })
    }

    /// As [`ObjectStream::new`], by what the stream's dictionary says.
    pub(crate) fn of(env: &Env<'_>, dict: &Dict, data: Vec<u8>) -> Result<ObjectStream, Error> {
        let number = |key: &[u8]| dict.int(key).and_then(|v| usize::try_from(v).ok());
        let (Some(n), Some(first)) = (number(b"N"), number(b"First")) else {
            return Err(Error::Structure("object stream without /N or /First"));
        };
        ObjectStream::new(env, data, n, first)
    }

    /// From the encoded bytes, not encrypted.
    pub(crate) fn decode(env: &Env<'_>, dict: &Dict, raw: &[u8]) -> Result<ObjectStream, Error> {
        let steps = direct_steps(dict, &env.limits)?;
        let decoded = filters::run(&env.budget, &steps, raw, env.limits.decoded_stream)?;
        ObjectStream::of(env, dict, decoded.bytes)
    }

    /// Does a number come twice?
    pub(crate) fn repeats(&self) -> bool {
        let mut numbers: Vec<u32> = self.numbers().collect();
        numbers.sort_unstable();
        !numbers.is_sorted_by(|a, b| a < b)
    }

    /// The numbers of its members, in their order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.index.iter().map(|(num, _)| *num)
    }

    /// The object, and whether it was where the cross-reference said.
    pub(crate) fn object(&self, env: &Env<'_>, num: u32, index: u32) -> Result<(Object, bool, bool), Error> {
        let named = self.index.get(index as usize).filter(|(n, _)| *n == num);
        let (found, exact) = match named {
            Some(found) => (Some(found), true),
            None => (self.index.iter().find(|(n, _)| *n == num), false),
        };
        if !exact {
            env.budget.take_values(1 + self.index.len() / 64)?;
        }
        let id = ObjId::new(num, 0);
        let &(_, offset) = found.ok_or(Error::WrongObject { id, offset: index as usize })?;
        let text = Window::whole(&self.data);
        let mut parser = crate::parser::Parser::new(text, offset as usize, env.limits.depth, &env.budget);
        let value = parser.value()?;
        Ok((value, exact, parser.duplicate))
    }

    fn size(&self) -> usize {
        self.data.len() + self.index.len() * 8
    }
}

/// Decoded object streams by definition; the oldest leaves first.
#[derive(Debug, Default)]
pub(crate) struct StreamCache {
    held: HashMap<u32, Arc<ObjectStream>>,
    order: VecDeque<u32>,
    bytes: usize,
}

impl StreamCache {
    pub(crate) fn get(&self, definition: u32) -> Option<Arc<ObjectStream>> {
        self.held.get(&definition).cloned()
    }

    /// Keeps at most `room` bytes (and always the newest stream).
    pub(crate) fn put(&mut self, definition: u32, stream: &Arc<ObjectStream>, room: usize) {
        if self.held.insert(definition, Arc::clone(stream)).is_some() {
            return;
        }
        self.bytes += stream.size();
        self.order.push_back(definition);
        while self.bytes > room && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(gone) = self.held.remove(&oldest) {
                self.bytes -= gone.size();
            }
        }
    }
}
