//! What is wrong, in words for people: one Vietnamese and one English for each error, rule and place. Names of rules stay in `params`.

use pdf::{FindingKind, LimitKind, ObjId};
use pki::Error as Pki;

use super::find::Fault;
use crate::changes::{Change, Difference, Place};
use crate::said::{Words, quoted};

/// Pages that one sentence names.
const NAMED_PAGES: usize = 8;

/// What a limit counts.
fn limit(kind: LimitKind) -> (&'static str, &'static str) {
    use LimitKind as K;
    match kind {
        K::FileBytes => ("dung lượng tệp", "size of the file"),
        K::Objects => ("số đối tượng hoặc chứng cứ", "number of objects or pieces of evidence"),
        K::Depth => ("độ sâu lồng nhau", "depth of nesting"),
        K::DecodedTotal | K::DecodedStream => ("dung lượng sau giải nén", "size after decompression"),
        K::Revisions => ("số lần cập nhật", "number of updates"),
        K::Filters => ("số bộ lọc", "number of filters"),
        K::Pages => ("số trang", "number of pages"),
        K::Fields => ("số ô biểu mẫu hoặc chữ ký", "number of form fields or signatures"),
        _ => ("khối lượng xử lý", "amount of work"),
    }
}

/// Why a file, or a part of it, cannot be read.
pub(crate) fn unreadable(error: &pdf::Error) -> Words {
    use pdf::Error as E;
    let en = error.to_string();
    match error {
        E::Limit(kind) => {
            let (vi, en) = limit(*kind);
            Words::new(vi, en)
        }
        E::NoHeader => Words::new("không có phần đầu PDF", en),
        E::NoStartxref => Words::new("không tìm thấy bảng tham chiếu", en),
        E::BadXref { offset, .. } => Words::new(format!("bảng tham chiếu hỏng tại byte {offset}"), en),
        E::Syntax { offset, .. } => Words::new(format!("sai cú pháp tại byte {offset}"), en),
        E::WrongObject { id, offset } => Words::new(format!("không có đối tượng {id} tại byte {offset}"), en),
        E::UnsupportedFilter(filter) => Words::new(
            format!("bộ lọc {} không được hỗ trợ", quoted(filter)),
            format!("filter {} is not supported", quoted(filter)),
        ),
        E::Decode { .. } => Words::new("không giải nén được dữ liệu", en),
        E::Encrypted => Words::new("tệp được mã hoá", en),
        E::NotUpdatable(_) => Words::new("không ghi thêm được vào tệp", en),
        E::Unread(_) => Words::new("không đọc được dữ liệu của tệp", en),
        _ => Words::new("cấu trúc tài liệu không đúng", en),
    }
}

/// What is wrong with a signature, a time-stamp, a certificate or a path.
pub(crate) fn wrong(error: &Pki) -> Words {
    Words::new(wrong_vi(error), error.to_string())
}

fn wrong_vi(error: &Pki) -> String {
    let text = match error {
        Pki::Malformed { .. } => "cấu trúc không đúng khuôn dạng",
        Pki::Limit { .. } => "vượt giới hạn xử lý",
        Pki::ReadingsDiffer { .. } => "chứng thư có thể đọc theo hai cách khác nhau",
        Pki::UnsupportedAlgorithm { oid } => return format!("thuật toán {oid} không được hỗ trợ"),
        Pki::DigestNotAllowed { digest, scheme } => return format!("hàm băm {digest} không đi với {scheme}"),
        Pki::KeyMismatch => "thuật toán ký không hợp với khóa",
        Pki::KeyParameters => "tham số của khóa nằm ở chứng thư khác",
        Pki::SignatureInvalid => "giá trị chữ ký sai",
        Pki::DigestMismatch => "mã băm khác nội dung",
        Pki::SignedAttribute { .. } => "một thuộc tính được ký bị thiếu, lặp lại hoặc mâu thuẫn",
        Pki::EssMismatch => "thuộc tính gắn người ký chỉ tới chứng thư khác",
        Pki::SignerCount { found } => return format!("phải có đúng một người ký, tìm thấy {found}"),
        Pki::SignerNotFound => "không kèm chứng thư người ký",
        Pki::EncapsulatedContent => "nội dung bọc trong chữ ký không hợp với loại chữ ký",
        Pki::IssuerMismatch => "tên tổ chức cấp không khớp",
        Pki::NotAnIssuer { .. } => "tổ chức cấp không có quyền ký chứng thư này",
        Pki::CriticalExtension { oid } => return format!("phần mở rộng bắt buộc {oid} không được xử lý"),
        Pki::NotValidAt { what } => match *what {
            "the leaf X.509 certificate" => "chứng thư người ký ngoài thời hạn",
            "the trust anchor" => "chứng thư gốc ngoài thời hạn",
            _ => "một chứng thư ngoài thời hạn",
        },
        Pki::KeyUsage { purpose } => match *purpose {
            "signing documents" => "chứng thư không được dùng để ký văn bản",
            "time-stamping" => "chứng thư không được dùng để cấp dấu thời gian",
            _ => "chứng thư không được dùng vào việc này",
        },
        Pki::PathRule { .. } => "đường dẫn chứng thư trái quy tắc",
        Pki::TimestampRefused { status, .. } => return format!("máy cấp dấu thời gian từ chối (mã {status})"),
        Pki::TimestampImprint => "dấu thời gian của dữ liệu khác",
        Pki::TimestampNonce => "dấu thời gian mang số ngẫu nhiên khác",
        Pki::TimestampKeyUsage => "chứng thư ký dấu thời gian không được cấp cho việc đó",
        Pki::NotATimestamp => "không phải là dấu thời gian",
        Pki::OcspRefused { status } => return format!("máy trả lời OCSP từ chối (mã {status})"),
        Pki::OcspOtherCertificate => "trả lời OCSP về chứng thư khác",
        Pki::OcspResponder | Pki::OcspResponderId => "máy trả lời OCSP không được tổ chức cấp ủy quyền",
        Pki::OcspResponderUnknown => "không biết máy trả lời OCSP đã bị thu hồi chưa",
        Pki::OcspNonce => "trả lời OCSP mang số ngẫu nhiên khác",
        Pki::NotFresh { .. } => "chứng cứ thu hồi không có hiệu lực vào lúc đó",
        Pki::WeakEvidence => "chứng cứ thu hồi được ký bằng thuật toán không còn được tin",
        Pki::CrlScope { .. } => "loại CRL này không được xử lý",
        _ => "lỗi khác",
    };
    text.to_owned()
}

/// What is wrong with the place of a signature in the file (A1–A6).
pub(crate) fn container(fault: Fault) -> Words {
    let (vi, en) = match fault {
        Fault::WithinAnother => (
            "chỗ chứa chữ ký nằm trong phần mà chữ ký khác bảo vệ",
            "/Contents stands within what another signature covers",
        ),
        Fault::NoContents => ("không có giá trị chữ ký", "no /Contents"),
        Fault::DoubledKey => (
            "một khóa bị ghi hai lần trên đường tới chữ ký",
            "a key is written twice between the catalog and the signature",
        ),
        Fault::NoRevisionEnd => {
            ("phần được ký không kết thúc cùng một lần ghi tệp", "the second part does not end with a revision")
        }
        Fault::NoRange => ("không có phạm vi ký gồm bốn số", "no /ByteRange of four numbers"),
        Fault::LargeNumber => ("một số trong phạm vi ký quá lớn", "a number of /ByteRange is too large"),
        Fault::BeyondFile => {
            ("phạm vi ký vượt ra ngoài tệp hoặc tự chồng lên", "/ByteRange reaches beyond the file or overlaps itself")
        }
        Fault::NotFromStart => ("phạm vi ký không bắt đầu từ đầu tệp", "/ByteRange does not begin with the file"),
        Fault::Uncovered => {
            ("bản ghi chữ ký nằm ngoài phần được ký", "the signature dictionary is not within what it covers")
        }
        Fault::NotHexadecimal => (
            "giá trị chữ ký không phải chuỗi thập lục phân",
            "/Contents is not a hexadecimal string in the signature dictionary",
        ),
        Fault::OtherGap => ("khoảng trống không đúng bằng chỗ chứa chữ ký", "the gap is not exactly /Contents"),
        Fault::OddDigits => {
            ("giá trị chữ ký chứa ký tự lạ", "/Contents holds something else than pairs of hexadecimal digits")
        }
    };
    Words::new(vi, en)
}

/// A later change: what it is, and of which object. Its pages are told for all changes together, by [`pages`].
pub(crate) fn change(change: &Change) -> Words {
    let (vi, en) = what_changed(change.rule);
    match change.object.filter(|object| object.num != 0) {
        Some(object) => Words::new(format!("{vi}, đối tượng {object}"), format!("{en}, object {object}")),
        None => Words::new(vi, en),
    }
}

/// Pages by their numbers; nothing where there are none.
pub(crate) fn pages(numbers: &[usize]) -> Option<Words> {
    let named: Vec<String> = numbers.iter().take(NAMED_PAGES).map(usize::to_string).collect();
    let more = numbers.len() - named.len();
    let (last, first) = named.split_last()?;
    Some(match (first, more) {
        ([], _) => Words::new(format!("trang {last}"), format!("page {last}")),
        (first, 0) => {
            let first = first.join(", ");
            Words::new(format!("các trang {first} và {last}"), format!("pages {first} and {last}"))
        }
        _ => {
            let named = named.join(", ");
            Words::new(format!("các trang {named} và {more} trang khác"), format!("pages {named} and {more} others"))
        }
    })
}

/// By groups: a clerk needs to know what kind of thing it is, the rule stands in `params`.
fn what_changed(rule: &str) -> (&'static str, &'static str) {
    match rule {
        "page" => ("nội dung hoặc hình thức của trang", "the content or look of a page"),
        "page-tree" | "page-count" => ("số trang hoặc thứ tự trang", "the number or order of pages"),
        _ if rule.starts_with("annotation") => ("ghi chú trên trang", "a note on a page"),
        _ if rule.starts_with("covers") => ("phần mới nằm đè lên trang", "something new that lies over the page"),
        _ if rule.starts_with("widget") => ("ô hiển thị trên trang", "a form control on a page"),
        "signing" | "signature-field-added" | "empty-signature-field" => {
            ("chữ ký hoặc ô ký mới", "a new signature or signature field")
        }
        "signed-field" => ("ô đã ký", "a field that is signed"),
        "value-and-appearance-differ" => {
            ("giá trị ô biểu mẫu khác với chữ hiện trên trang", "a field's value differs from the text that it shows")
        }
        crate::changes::DRAWING_UNREADABLE => {
            ("chữ hiện trong ô biểu mẫu không đọc được", "text in a field that cannot be read")
        }
        _ if rule.starts_with("appearance") => ("hình hiển thị của ô biểu mẫu", "the look of a form field"),
        _ if rule.starts_with("field") || rule == "filling" => ("ô biểu mẫu", "a form field"),
        "default-resources" => ("biểu mẫu", "the form"),
        _ if rule.starts_with("form") => ("biểu mẫu", "the form"),
        "dss" | "dss-shape" => ("kho chứng cứ của tệp", "the file's store of evidence"),
        "catalog" | "extensions" | "version" | "mark-info" => {
            ("thiết đặt chung của tài liệu", "settings of the document")
        }
        _ if rule.starts_with("trailer") => ("phần cuối của cấu trúc tệp", "the trailer of the file"),
        _ if rule.starts_with("object") || rule.starts_with("unused") || rule.starts_with("bytes") => {
            ("dữ liệu không thuộc nội dung nào đã biết", "data that belongs to no known content")
        }
        "info" | "metadata" | "xmp" => ("thông tin mô tả tài liệu", "information about the document"),
        _ => ("phần khác của tài liệu", "another part of the document"),
    }
}

/// And so many others.
pub(crate) fn others(number: usize) -> Words {
    Words::new(format!("và {number} thay đổi khác"), format!("and {number} other changes"))
}

/// A place where two readers may see different things.
pub(crate) fn ambiguity(finding: &pdf::Finding) -> Words {
    use FindingKind as K;
    let (vi, en) = match finding.kind {
        K::MissingEof | K::StartxrefDiffers | K::BytesBeforeStartxref => {
            ("phần kết thúc của một lần ghi tệp không đúng", "the end of an update is not as it should be")
        }
        K::DuplicateKey => ("một khóa bị ghi hai lần", "a key is written twice"),
        K::LinearizedLength | K::LinearizedPage => {
            ("trang đầu tiên của tệp tuần tự hoá không rõ ràng", "the first page of the linearized file is ambiguous")
        }
        K::DuplicateMember => {
            ("một đối tượng có hai lần trong một luồng đối tượng", "an object stream holds an object twice")
        }
        K::WrongLength => ("độ dài ghi sai", "a length is wrong"),
        K::TooMany => ("có quá nhiều chỗ không đúng chuẩn", "there are too many departures from the standard"),
        K::DuplicateXrefEntry
        | K::ForwardPrev
        | K::BadPrev
        | K::StartxrefOff
        | K::XrefForm
        | K::TwoBases
        | K::XrefEntryType => ("bảng tham chiếu không rõ ràng", "the cross-reference is ambiguous"),
        _ => ("một đối tượng không ở nơi bảng tham chiếu chỉ", "an object is not where the cross-reference says"),
    };
    at(vi, en, finding.object, finding.offset)
}

fn at(vi: &str, en: &str, object: Option<ObjId>, offset: usize) -> Words {
    match object.filter(|_| offset == 0) {
        Some(object) => Words::new(format!("{vi}, đối tượng {object}"), format!("{en}, object {object}")),
        None => Words::new(format!("{vi}, byte {offset}"), format!("{en}, byte {offset}")),
    }
}

/// Where two readings differ.
pub(crate) fn reading(difference: &Difference) -> Words {
    match difference {
        Difference::Object { id, offset } => {
            Words::new(format!("đối tượng {id}, byte {offset}"), format!("object {id}, byte {offset}"))
        }
        Difference::Unknown(error) => {
            let why = unreadable(error);
            let en = format!("the two readings cannot be compared: {}", why.en);
            Words::new(format!("không so sánh được hai cách đọc tệp: {}", why.vi), en)
        }
    }
}

/// A place that lends itself to a later change. Names of fields are the file's.
pub(crate) fn shadow(place: &Place) -> Words {
    let of = |vi: &str, en: &str, id: &ObjId| Words::new(format!("{vi} {id}"), format!("{en} {id}"));
    match place {
        Place::Hybrid => Words::new("bảng tham chiếu hỗn hợp", "hybrid cross-reference"),
        Place::Catalog(key) => Words::same(format!("/{key}")),
        Place::OtherForm => Words::same("/XFA"),
        Place::Scripts => Words::new("mã JavaScript chạy khi mở tệp", "JavaScript that runs when the file is opened"),
        Place::OpenSignature(field) => {
            Words::new(format!("ô ký trống {}", quoted(field)), format!("empty signature field {}", quoted(field)))
        }
        Place::Missing(id) => Words::new(
            format!("tham chiếu tới đối tượng {id} chưa có"),
            format!("reference to the missing object {id}"),
        ),
        Place::Script(id) => of("mã JavaScript ở đối tượng", "JavaScript in object", id),
        Place::PieceInfo(id) => of("dữ liệu riêng của phần mềm ở đối tượng", "private data of a program in object", id),
        Place::HiddenWidget(id) => of("ô biểu mẫu bị ẩn, đối tượng", "hidden form control, object", id),
        Place::Action(id) => of("hành động tự chạy hoặc chạy khi bấm ở đối tượng", "an action in object", id),
        Place::Alternate(id) => of("hình có hình thay thế, đối tượng", "a picture with others instead, object", id),
        Place::Beyond => {
            Words::new("đối tượng quá nhiều hoặc không đọc được", "objects that are too many or cannot be read")
        }
    }
}
