//! Files written by hand.

use pdf::{Document, Limits};

/// Joins the objects 1…n, their cross-reference table and a trailer whose `/Root` is object 1.
pub(crate) fn classic(objects: &[&str]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).into_bytes());
    }
    let xref = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).into_bytes());
    for offset in offsets {
        file.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    file.extend(
        format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n", objects.len() + 1).into_bytes(),
    );
    file
}

/// One page with a line of text.
pub(crate) const ONE_PAGE: [&str; 4] = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 300 200]>>",
    "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>",
    "<</Length 24>>\nstream\nBT (Xin chao) Tj ET 1234\nendstream",
];

pub(crate) fn one_page() -> Vec<u8> {
    classic(&ONE_PAGE)
}

pub(crate) fn open(file: &[u8]) -> Document<'_> {
    Document::open(file, &Limits::default()).expect("a readable file")
}

/// Where the newest section begins, as the file says.
pub(crate) fn startxref(file: &[u8]) -> usize {
    let text = String::from_utf8_lossy(file);
    let number = text.rsplit("startxref").next().expect("a startxref").trim_start();
    number.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number")
}

/// Appends a revision with a table.
pub(crate) fn append(file: &[u8], objects: &[(u32, &str)]) -> Vec<u8> {
    let (mut grown, prev) = (file.to_vec(), startxref(file));
    let mut table = String::new();
    for (number, object) in objects {
        table.push_str(&format!("{number} 1\n{:010} 00000 n \n", grown.len()));
        grown.extend(format!("{number} 0 obj\n{object}\nendobj\n").into_bytes());
    }
    let xref = grown.len();
    grown.extend(
        format!("xref\n{table}trailer\n<</Size 100/Root 1 0 R/Prev {prev}>>\nstartxref\n{xref}\n%%EOF\n").into_bytes(),
    );
    grown
}

/// A file whose cross-reference is a stream: objects 1…n plain, `packed` in the object stream n+1, the section n+2.
pub(crate) fn packed(plain: &[&str], packed: &[(u32, &str)]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut rows: Vec<(u32, [u32; 3])> = Vec::new();
    for (at, object) in plain.iter().enumerate() {
        rows.push((at as u32 + 1, [1, file.len() as u32, 0]));
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).into_bytes());
    }
    let container = plain.len() as u32 + 1;
    let (mut head, mut body) = (String::new(), String::new());
    for (index, (number, object)) in packed.iter().enumerate() {
        head.push_str(&format!("{number} {} ", body.len()));
        body.push_str(&format!("{object} "));
        rows.push((*number, [2, container, index as u32]));
    }
    rows.push((container, [1, file.len() as u32, 0]));
    file.extend(
        format!(
            "{container} 0 obj\n<</Type/ObjStm/N {}/First {}/Length {}>>\nstream\n{head}{body}\nendstream\nendobj\n",
            packed.len(),
            head.len(),
            head.len() + body.len()
        )
        .into_bytes(),
    );
    let section = container + 1;
    rows.push((section, [1, file.len() as u32, 0]));
    rows.sort_unstable();
    let index: String = rows.iter().map(|(number, _)| format!("{number} 1 ")).collect();
    let data: String =
        rows.iter().map(|(_, [kind, second, third])| format!("{kind:02x}{second:08x}{third:04x}")).collect();
    let xref = file.len();
    file.extend(
        format!(
            "{section} 0 obj\n<</Type/XRef/Size {}/Root 1 0 R/W[1 4 2]/Index[{index}]/Filter/ASCIIHexDecode/Length {}>>\nstream\n{data}>\nendstream\nendobj\nstartxref\n{xref}\n%%EOF\n",
            rows.iter().map(|(number, _)| number + 1).max().unwrap_or(1),
            data.len() + 1
        )
        .into_bytes(),
    );
    file
}
