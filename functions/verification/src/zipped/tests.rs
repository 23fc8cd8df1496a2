//! F11: an archive that everybody reads alike is opened; one that hides a file is not.

use std::io::Cursor;

use super::*;

/// An entry as it is written here: stored, with its head and its row of the table.
#[derive(Clone)]
struct Made {
    name: &'static str,
    data: Vec<u8>,
    /// In the head in front of the data, where it is another one.
    head_name: Option<&'static str>,
    /// Behind the data.
    behind: Vec<u8>,
    method: u16,
    flags: u16,
    extra: Vec<u8>,
    /// Unpacked length and checksum, when they are not those of the data.
    told: Option<(u32, u32)>,
}

fn made(name: &'static str, data: &[u8]) -> Made {
    let data = data.to_vec();
    Made { name, data, head_name: None, behind: Vec::new(), method: 0, flags: 0, extra: Vec::new(), told: None }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

impl Made {
    fn told(&self) -> (u32, u32) {
        self.told.unwrap_or((self.data.len() as u32, checksum(&self.data)))
    }

    /// What both heads say from the flags to the length of the extra fields.
    fn common(&self, name: &str) -> Vec<u8> {
        let ((size, crc), mut head) = (self.told(), Vec::new());
        for value in [self.flags, self.method, 0, 0x21] {
            head.extend(value.to_le_bytes());
        }
        for value in [crc, self.data.len() as u32, size] {
            head.extend(value.to_le_bytes());
        }
        head.extend((name.len() as u16).to_le_bytes());
        head.extend((self.extra.len() as u16).to_le_bytes());
        head
    }

    fn entry(&self) -> Vec<u8> {
        let name = self.head_name.unwrap_or(self.name);
        let head = self.common(name);
        [b"PK\x03\x04\x14\0", head.as_slice(), name.as_bytes(), &self.extra, &self.data, &self.behind].concat()
    }

    fn row(&self, at: usize) -> Vec<u8> {
        let (head, at) = (self.common(self.name), (at as u32).to_le_bytes());
        [b"PK\x01\x02\x14\0\x14\0", head.as_slice(), &[0; 10], &at, self.name.as_bytes(), &self.extra].concat()
    }
}

/// The end record.
fn end(count: u16, size: usize, start: usize, comment: &[u8]) -> Vec<u8> {
    let (count, comment_length) = (count.to_le_bytes(), (comment.len() as u16).to_le_bytes());
    let (size, start) = ((size as u32).to_le_bytes(), (start as u32).to_le_bytes());
    [b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &size, &start, &comment_length, comment].concat()
}

/// The entries one behind the other, and where each begins.
fn data(all: &[Made]) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut places) = (Vec::new(), Vec::new());
    for one in all {
        places.push(bytes.len());
        bytes.extend(one.entry());
    }
    (bytes, places)
}

fn zip(all: &[Made]) -> Vec<u8> {
    let (bytes, places) = data(all);
    let table: Vec<u8> = all.iter().zip(places).flat_map(|(one, at)| one.row(at)).collect();
    [bytes.as_slice(), &table, &end(all.len() as u16, table.len(), bytes.len(), b"")].concat()
}

fn one(entry: &Made) -> &[Made] {
    std::slice::from_ref(entry)
}

/// A name, and the bytes.
type Found = (String, Option<Vec<u8>>);

fn open(bytes: &[u8]) -> Result<Zip<Cursor<&[u8]>>, Refused> {
    Zip::open(Cursor::new(bytes), 10)
}

fn files(bytes: &[u8]) -> Result<Vec<Found>, Refused> {
    let mut zip = open(bytes)?;
    let file = |n| {
        let File { name, bytes } = zip.file(n);
        (name, bytes)
    };
    Ok((0..open(bytes)?.count()).map(file).collect())
}

fn both() -> [Made; 2] {
    [made("a.pdf", b"%PDF-broken"), made("b.pdf", b"%PDF-valid")]
}

fn is_refused(bytes: &[u8], what: &str) {
    assert_eq!(files(bytes), Err(Refused::Ambiguous), "{what}");
}

#[test]
fn what_everybody_reads_alike_is_opened() {
    let [a, b] = both();
    let found = files(&zip(&[made("ho-so/", b""), a.clone(), b.clone()])).expect("an archive");
    let wanted = [("a.pdf", &a.data), ("b.pdf", &b.data)].map(|(name, data)| (name.to_owned(), Some(data.clone())));
    assert_eq!(found, wanted);
    // A comment, and archives that stand in one as they are, with their own end records.
    let inner = zip(one(&a));
    let (bytes, places) = data(&[made("in.zip", &inner)]);
    let table = made("in.zip", &inner).row(places[0]);
    let bytes = [bytes.as_slice(), &table, &end(1, table.len(), bytes.len(), b"Ho so 1")].concat();
    assert_eq!(files(&bytes), Ok(vec![("in.zip".to_owned(), Some(inner))]));
    // Written without knowing the length before: behind the data, with a mark and without.
    for mark in [b"PK\x07\x08".as_slice(), b""] {
        let (size, crc) = a.told();
        let behind = [mark, &crc.to_le_bytes(), &size.to_le_bytes(), &size.to_le_bytes()].concat();
        let described = Made { flags: 8, behind, ..a.clone() };
        let mut bytes = zip(&[described, b.clone()]);
        bytes[14..26].fill(0);
        assert_eq!(files(&bytes), Ok(wanted.to_vec()), "{mark:?}");
    }
}

/// What other programs write: the library that is used here, with folders, packed files and long numbers.
#[test]
fn archives_of_a_writer_are_opened() {
    use std::io::Write as _;
    use zip::{ZipWriter, write::SimpleFileOptions};
    for long in [false, true] {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(long);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_directory("ho-so/", options).expect("a folder");
        writer.start_file("ho-so/bản sao.pdf", options).expect("a file");
        writer.write_all(&[7; 5000]).expect("bytes");
        let bytes = writer.finish().expect("an archive").into_inner();
        assert_eq!(files(&bytes), Ok(vec![("ho-so/bản sao.pdf".to_owned(), Some(vec![7; 5000]))]), "{long}");
    }
}

/// A name in an old alphabet, and in a new one beside it (APPNOTE.TXT §4.6.9).
fn renamed(name: &'static str, to: &str, data: &[u8]) -> Made {
    let field = [[1].as_slice(), &checksum(name.as_bytes()).to_le_bytes(), to.as_bytes()].concat();
    let extra = [[0x75, 0x70].as_slice(), &(field.len() as u16).to_le_bytes(), &field].concat();
    Made { extra, ..made(name, data) }
}

#[test]
fn a_repeated_name_is_refused() {
    let twice = zip(&[made("a.pdf", b"%PDF-broken"), made("a.pdf", b"%PDF-valid")]);
    is_refused(&twice, "two of one name");
    assert_eq!(layout::entries(&mut Cursor::new(&twice), 10), Err(Refused::Ambiguous), "without the library");
    let old = renamed("1.pdf", "bản sao.pdf", b"%PDF-broken");
    assert_eq!(files(&zip(one(&old))), Ok(vec![("bản sao.pdf".to_owned(), Some(old.data.clone()))]));
    is_refused(&zip(&[old, renamed("2.pdf", "bản sao.pdf", b"%PDF-valid")]), "the second name of both");
}

#[test]
fn archives_one_behind_the_other_are_refused() {
    let [a, b] = both();
    is_refused(&[zip(one(&a)), zip(one(&b))].concat(), "as they are");
    // With a table that counts from the first byte of both.
    let (first, (bytes, _)) = (zip(&[a]), data(one(&b)));
    let table = b.row(first.len());
    let start = first.len() + bytes.len();
    is_refused(&[first, bytes, table.clone(), end(1, table.len(), start, b"")].concat(), "with one table");
}

#[test]
fn bytes_that_belong_to_nothing_are_refused() {
    let [a, b] = both();
    let hidden = a.entry();
    let only = |before: &[u8], between: &[u8]| {
        let (entry, table) = (b.entry(), b.row(before.len()));
        let start = before.len() + entry.len() + between.len();
        [before, &entry, between, &table, &end(1, table.len(), start, b"")].concat()
    };
    assert!(files(&only(b"", b"")).is_ok());
    is_refused(&only(&hidden, b""), "before the first entry");
    is_refused(&only(b"", &hidden), "before the table");
    is_refused(&only(b"", b"\0"), "one byte");
    is_refused(&zip(&[Made { behind: hidden.clone(), ..b.clone() }, made("c.pdf", b"c")]), "between entries");
    is_refused(&zip(&[Made { behind: vec![0; 12], flags: 8, ..b.clone() }]), "no description of the data");
    is_refused(&[zip(one(&b)), b"\n".to_vec()].concat(), "behind the end");
    let comment = [zip(&[a]), b"x".to_vec()].concat();
    let (bytes, _) = data(one(&b));
    let table = b.row(0);
    let end = end(1, table.len(), bytes.len(), &comment);
    is_refused(&[bytes, table, end].concat(), "an archive in the comment");
}

#[test]
fn a_table_that_does_not_fit_is_refused() {
    let all = both();
    let (bytes, places) = data(&all);
    let rows: Vec<Vec<u8>> = all.iter().zip(&places).map(|(one, at)| one.row(*at)).collect();
    let with = |rows: &[&[u8]], count: u16, size: usize| {
        let table = rows.concat();
        [bytes.as_slice(), &table, &end(count, size, bytes.len(), b"")].concat()
    };
    let (one, two) = (rows[1].as_slice(), rows.concat());
    assert!(files(&with(&[&two], 2, two.len())).is_ok());
    is_refused(&with(&[&two], 1, two.len()), "less than there are");
    is_refused(&with(&[&two], 1, rows[0].len()), "a shorter table");
    is_refused(&with(&[&two], 3, two.len()), "more than there are");
    is_refused(&with(&[one], 1, one.len()), "an entry that is not listed");
    is_refused(&with(&[&two, b"more"], 2, two.len() + 4), "more than rows");
    let mut torn = with(&[&two], 2, two.len());
    torn[bytes.len() + rows[0].len()] ^= 1;
    is_refused(&torn, "no row");
    let mut counts = with(&[&two], 2, two.len());
    let at = counts.len() - 14;
    counts[at] = 1;
    is_refused(&counts, "two counts");
}

#[test]
fn entries_over_each_other_are_refused() {
    let inner = made("b.pdf", b"%PDF-valid");
    let outer = made("a.pdf", &inner.entry());
    let bytes = outer.entry();
    let table = [outer.row(0), inner.row(bytes.len() - outer.data.len())].concat();
    is_refused(&[bytes.as_slice(), &table, &end(2, table.len(), bytes.len(), b"")].concat(), "one in another");
    let twice = [outer.row(0), Made { name: "c.pdf", ..outer.clone() }.row(0)].concat();
    is_refused(&[bytes.as_slice(), &twice, &end(2, twice.len(), bytes.len(), b"")].concat(), "one under two names");
}

/// Who reads from the front believes the heads.
#[test]
fn heads_that_say_otherwise_are_refused() {
    let [a, b] = both();
    is_refused(&zip(&[Made { head_name: Some("x.pdf"), ..a.clone() }, b.clone()]), "another name");
    for (at, what) in
        [(0, "no head"), (6, "encrypted"), (8, "another method"), (14, "checksum"), (18, "packed"), (22, "size")]
    {
        let mut bytes = zip(&[a.clone(), b.clone()]);
        bytes[at] ^= 1;
        is_refused(&bytes, what);
    }
}

/// A folder that holds data is a file to whoever unpacks it.
#[test]
fn a_folder_with_data_is_a_file() {
    let found = files(&zip(&[made("a.pdf/", b"%PDF-broken"), made("b/", b"")])).expect("an archive");
    assert_eq!(found, [("a.pdf/".to_owned(), Some(b"%PDF-broken".to_vec()))]);
    assert_eq!(files(&zip(&[made("b/", b"")])), Err(Refused::Empty));
}

/// What stands behind the end of packed data is an entry to who reads from the front: the file is not believed.
#[test]
fn packed_data_end_where_they_end() {
    use std::io::Write as _;
    let data = b"%PDF-1.7 and more".repeat(20);
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(&data).expect("bytes");
    let packed = packer.finish().expect("packed");
    let told = Some((data.len() as u32, checksum(&data)));
    let with = |packed: Vec<u8>| Made { method: 8, told, ..made("a.pdf", &packed) };
    assert_eq!(files(&zip(&[with(packed.clone())])), Ok(vec![("a.pdf".to_owned(), Some(data))]));
    let hidden = [packed, made("b.pdf", b"%PDF-broken").entry()].concat();
    assert_eq!(files(&zip(&[with(hidden)])), Ok(vec![("a.pdf".to_owned(), None)]));
}

#[test]
fn what_is_not_as_it_says_has_no_bytes() {
    let [a, _] = both();
    let (size, crc) = a.told();
    for told in [(size, crc ^ 1), (size + 1, crc), (size - 1, crc), (size - 1, checksum(&a.data[..a.data.len() - 1]))] {
        let found = files(&zip(&[Made { told: Some(told), ..a.clone() }])).expect("an archive");
        assert_eq!(found[0].1, None, "{told:?}");
    }
    assert_eq!(files(&zip(&[Made { flags: 1, ..a.clone() }])).expect("an archive")[0].1, None, "encrypted");
    assert_eq!(files(&zip(&[Made { method: 12, ..a }])).expect("an archive")[0].1, None, "packed otherwise");
}

/// F12: names that differ in what is not shown, or behind what is shown, stay different.
#[test]
fn names_stay_different() {
    let long: &'static str = "x".repeat(NAME_LIMIT + 2).leak();
    let longer: &'static str = "x".repeat(NAME_LIMIT + 9).leak();
    let names = ["a\u{202e}.pdf", "a\u{61c}.pdf", "a\u{fffd}.pdf (2)", "\u{1b}[31m\r\n.pdf", long, longer];
    let found = files(&zip(&names.map(|name| Made { flags: 0x800, ..made(name, b"x") }))).expect("an archive");
    let shown: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let cut = format!("{}…", &long[..NAME_LIMIT]);
    let second = format!("{cut} (2)");
    let replaced = ["a\u{fffd}.pdf", "a\u{fffd}.pdf (2)", "a\u{fffd}.pdf (2) (2)", "\u{fffd}[31m\u{fffd}\u{fffd}.pdf"];
    assert_eq!(shown, [replaced.as_slice(), &[&cut, &second]].concat());
}

#[test]
fn there_are_not_too_many() {
    let all: Vec<Made> = (0..11).map(|n| made(format!("{n}.pdf").leak(), b"x")).collect();
    assert_eq!(files(&zip(&all)), Err(Refused::Bomb));
    assert_eq!(open(&zip(&all[1..])).map(|zip| zip.count()).ok(), Some(10));
    let folders: Vec<Made> = (0..21).map(|n| made(format!("{n}/").leak(), b"")).collect();
    assert_eq!(files(&zip(&folders)), Err(Refused::Bomb), "before the table is read");
    assert_eq!(files(b"PK\x03\x04 and nothing"), Err(Refused::Broken));
}
