//! The text of a drawing as programs read it: for comparing the wording of a copy with what its signature says.
//!
//! Believes every font, because whoever signed the drawing signed its fonts; so it says what was meant to be read, and does not prove what
//! a person sees. Knows no places: text comes in the order in which it is drawn.

use std::collections::BTreeMap;
use std::rc::Rc;

use pdf::{Dict, Document, ObjId, Object, Page, Stream};

use super::content::{Operators, Value};
use super::fonts::old;
use super::letters::Letters;

/// Bytes of content that are read for one file.
const BYTES: usize = 4 << 20;
/// Octets of text that are made of it: what stands on a page is a hundredth of that.
const TEXT: usize = 1 << 20;
/// Codes and letters that fonts may hold together: those of a composed page hold some thousands.
const LETTERS: u64 = 1 << 20;
/// Forms that are drawn and fonts that are opened; a composed page and its seal have fewer than twenty.
const OPENED: usize = 128;
/// Forms within forms.
const DEPTH: usize = 8;

/// Reads drawings of one state of a file.
pub(crate) struct Shown<'v, 'a> {
    view: &'v Document<'a>,
    left: usize,
    to_write: usize,
    to_know: u64,
    to_open: usize,
    letters: BTreeMap<ObjId, Rc<Letters>>,
}

impl<'v, 'a> Shown<'v, 'a> {
    pub(crate) fn new(view: &'v Document<'a>) -> Self {
        Shown { view, left: BYTES, to_write: TEXT, to_know: LETTERS, to_open: OPENED, letters: BTreeMap::new() }
    }

    /// Text of the normal appearance of an annotation; what cannot be read is left out.
    pub(crate) fn annotation(&mut self, id: ObjId) -> String {
        let normal =
            |dict: &'v Dict| self.view.get(self.view.get(dict, b"AP").ok()?.as_dict()?, b"N").ok()?.as_stream();
        let stream = self.view.object(id).ok().and_then(Object::as_dict).and_then(normal);
        let mut text = String::new();
        if let Some(stream) = stream {
            self.form(stream, None, DEPTH, &mut text);
        }
        text
    }

    /// Is there such a text on a page: its own, or that of a form that it draws? Asks the forms that it draws last first, since what was put
    /// on a page stands behind what was there, and may be all that has to be read.
    pub(crate) fn is_on_page(&mut self, page: &Page, wanted: impl Fn(&str) -> bool) -> bool {
        let resources = self.view.page_resources(page).ok().flatten();
        let Ok(content) = self.view.page_content(page) else { return false };
        let mut text = String::new();
        self.content(&content, resources, 0, &mut text);
        let mut forms = Vec::new();
        let mut operators = Operators::new(&content);
        while let Ok(Some(operator)) = operators.step() {
            forms.extend(operators.name().filter(|_| operator == b"Do").map(<[u8]>::to_vec));
        }
        let mut found = wanted(&text);
        while let Some(name) = forms.pop().filter(|_| !found) {
            text.clear();
            self.draw(&name, resources, DEPTH, &mut text);
            found = wanted(&text);
        }
        found
    }

    fn draw(&mut self, name: &[u8], resources: Option<&'v Dict>, depth: usize, text: &mut String) {
        let drawn = self.resource(b"XObject", name, resources).and_then(Object::as_stream);
        if let Some(form) = drawn.filter(|stream| stream.dict.name(b"Subtype") == Some(b"Form")) {
            self.form(form, resources, depth, text);
        }
    }

    fn form(&mut self, stream: &'v Stream, above: Option<&'v Dict>, depth: usize, text: &mut String) {
        let own = self.view.get(&stream.dict, b"Resources").ok().and_then(Object::as_dict);
        if self.may_open()
            && let Ok(content) = self.view.decode(stream)
        {
            self.content(&content, own.or(above), depth, text);
        }
    }

    fn may_open(&mut self) -> bool {
        let left = self.to_open.checked_sub(1);
        self.to_open = left.unwrap_or(0);
        left.is_some()
    }

    fn content(&mut self, content: &[u8], resources: Option<&'v Dict>, depth: usize, text: &mut String) {
        let Some(left) = self.left.checked_sub(content.len()) else { return };
        self.left = left;
        let mut font = Rc::new(Letters::Unknown);
        let mut operators = Operators::new(content);
        while let Ok(Some(operator)) = operators.step() {
            match operator {
                b"Tf" => font = self.font(operators.name().unwrap_or_default(), resources),
                b"Tj" | b"TJ" | b"'" | b"\"" => {
                    let strings = operators.operands().iter();
                    let codes = strings.filter_map(|one| if let Value::Text(codes) = one { Some(codes) } else { None });
                    for codes in codes {
                        let letters = font.read(codes, self.to_write);
                        self.to_write -= letters.as_ref().map_or(0, String::len);
                        text.push_str(&letters.unwrap_or(char::REPLACEMENT_CHARACTER.into()));
                    }
                }
                b"Do" if depth > 0 => {
                    self.draw(operators.name().unwrap_or_default(), resources, depth - 1, text);
                }
                _ => {}
            }
        }
    }

    fn resource(&self, kind: &[u8], name: &[u8], resources: Option<&'v Dict>) -> Option<&'v Object> {
        let entries = self.view.get(resources?, kind).ok()?.as_dict()?;
        self.view.get(entries, name).ok()
    }

    fn font(&mut self, name: &[u8], resources: Option<&'v Dict>) -> Rc<Letters> {
        let fonts = resources.and_then(|resources| self.view.get(resources, b"Font").ok()?.as_dict());
        let id = fonts.and_then(|fonts| fonts.reference(name));
        if let Some(known) = id.and_then(|id| self.letters.get(&id)) {
            return Rc::clone(known);
        }
        let font = self.may_open().then(|| self.resource(b"Font", name, resources)).flatten().and_then(Object::as_dict);
        let mut letters = font.and_then(|font| old(self.view, font).ok()).unwrap_or(Letters::Unknown);
        match self.to_know.checked_sub(letters.cost()) {
            Some(left) => self.to_know = left,
            None => letters = Letters::Unknown,
        }
        let letters = Rc::new(letters);
        if let Some(id) = id {
            self.letters.insert(id, Rc::clone(&letters));
        }
        letters
    }
}
