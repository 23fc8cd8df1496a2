//! What the API promises of each route: who may call it, which headers it needs, what it takes, and which codes it answers
//! with beyond those that every route has. The page for developers shows this table; tests hold it against `template.yaml`,
//! against the handlers and, over HTTP, against the running house.
//!
//! Routes nothing: which function stands behind a path is the template's to say (decision 6).

use domain::model::Right;

use crate::right_name;

/// What a group of routes is about: Vietnamese, English.
pub type Words = (&'static str, &'static str);

/// One route of the HTTP API.
#[derive(Debug)]
pub struct Route {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// The path with its `{variables}`.
    pub path: &'static str,
    /// `K` when it needs `Idempotency-Key`, `M` when it needs `If-Match` (api.md §2).
    pub needs: &'static str,
    /// Who may.
    pub who: Who,
    /// The status of success.
    pub status: u16,
    /// What it does.
    pub about: Words,
    /// What it takes.
    pub body: Body,
    /// Parameters of the query that it reads.
    pub query: &'static [&'static str],
    /// Codes beyond the common ones ([`COMMON`]).
    pub codes: &'static [&'static str],
}

/// Who may call a route. Whoever may not gets `unauthenticated`, `forbidden`, or `not-found` for a thing of others
/// (decision 37).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    /// Anybody, without a token.
    Anyone,
    /// Anybody with a token.
    Signed,
    /// Whoever has one of these rights in the unit.
    Rights(&'static [Right]),
    /// Whoever the thing belongs to, and whoever has one of these rights in the unit.
    Owner(&'static [Right]),
}

/// The body of a request. `<…>` stands for a value from an earlier answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Body {
    /// None.
    None,
    /// JSON; the sample is a good one.
    Json(&'static str),
    /// JSON that may be left out.
    Maybe(&'static str),
    /// A file, or JSON that names one.
    File(&'static str),
    /// A picture (PNG) of at most 256 KiB.
    Picture,
    /// Bytes that are signed as they are (Standard Webhooks), of at most 64 KiB.
    Signed,
}

/// Routes that belong together.
#[derive(Debug)]
pub struct Group {
    /// Their name.
    pub name: Words,
    /// In the order of the work.
    pub routes: &'static [Route],
}

/// Codes that every route may answer with, when it takes what they are about.
pub const COMMON: &[&str] = &[
    "malformed-request",
    "unauthenticated",
    "forbidden",
    "not-found",
    "method-not-allowed",
    "body-too-large",
    "unsupported-media-type",
    "unknown-field",
    "wrong-id-type",
    "validation-failed",
    "idempotency-key-missing",
    "idempotency-key-reused",
    "request-in-progress",
    "if-match-missing",
    "stale",
    "internal",
    "service-unavailable",
];

/// Every route.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    GROUPS.iter().flat_map(|group| group.routes)
}

/// Who looks into a dossier.
const READERS: &[Right] = &[Right::Create, Right::Sign, Right::Seal, Right::Portal];
/// Who administers an office.
const ADMINS: Who = Who::Rights(&[Right::AdminUnit, Right::AdminTop, Right::Operate]);
/// Who signs somewhere.
const SIGNER: Who = Who::Rights(&[Right::Sign]);
/// The desk.
const DESK: Who = Who::Rights(&[Right::Create]);
/// The requester, the portal and the desk.
const VISIT: Who = Who::Owner(&[Right::Portal, Right::Create]);

/// A route without header, body, query or code of its own.
const fn route(method: &'static str, path: &'static str, needs: &'static str, who: Who, about: Words) -> Route {
    Route { method, path, needs, who, status: 200, about, body: Body::None, query: &[], codes: &[] }
}

impl Route {
    const fn gives(self, status: u16) -> Self {
        Self { status, ..self }
    }

    const fn takes(self, body: Body) -> Self {
        Self { body, ..self }
    }

    const fn asks(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    const fn refuses(self, codes: &'static [&'static str]) -> Self {
        Self { codes, ..self }
    }

    /// As the template spells it: `POST /v1/cases`.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl Who {
    /// As people read it: Vietnamese, English.
    pub fn words(self) -> (String, String) {
        let rights = |rights: &[Right]| {
            let named = |word: fn(Right) -> &'static str| {
                let each: Vec<String> =
                    rights.iter().map(|right| format!("{} ({})", word(*right), right_name(*right))).collect();
                each.join(", ")
            };
            (named(vietnamese), named(english))
        };
        match self {
            Who::Anyone => ("bất kỳ ai, không cần mã truy cập".into(), "anybody, without a token".into()),
            Who::Signed => ("bất kỳ ai có mã truy cập".into(), "anybody with a token".into()),
            Who::Owner([]) => ("người đã tạo".into(), "whoever made it".into()),
            Who::Rights(list) => rights(list),
            Who::Owner(list) => {
                let (vi, en) = rights(list);
                (format!("chính chủ; {vi}"), format!("whoever it belongs to; {en}"))
            }
        }
    }
}

fn vietnamese(right: Right) -> &'static str {
    match right {
        Right::Create => "cán bộ tiếp nhận",
        Right::Sign => "lãnh đạo ký",
        Right::Seal => "văn thư đóng dấu",
        Right::Portal => "Cổng dịch vụ công",
        Right::Verify => "cán bộ kiểm tra",
        Right::AdminUnit => "quản trị đơn vị",
        Right::AdminTop => "quản trị cấp trên",
        Right::Operate => "vận hành",
    }
}

fn english(right: Right) -> &'static str {
    match right {
        Right::Create => "the desk",
        Right::Sign => "the leader",
        Right::Seal => "the seal-keeper",
        Right::Portal => "the national portal",
        Right::Verify => "an officer who verifies",
        Right::AdminUnit => "the unit's administrator",
        Right::AdminTop => "the administrator above",
        Right::Operate => "the operator",
    }
}

/// The routes by what they are about, in the order of the main job.
pub static GROUPS: &[Group] = &[
    Group { name: ("Cơ quan và lịch hẹn", "Offices and appointments"), routes: VISITS },
    Group { name: ("Tải bản quét lên", "Uploads"), routes: UPLOADS },
    Group { name: ("Tiếp nhận hồ sơ", "The desk"), routes: CASES },
    Group { name: ("Bản sao", "Copies"), routes: COPIES },
    Group { name: ("Ký, cấp số, đóng dấu", "Signing, number and seal"), routes: SIGNING },
    Group { name: ("Trả kết quả", "Delivery"), routes: DELIVERY },
    Group { name: ("Kiểm tra", "Verification"), routes: VERIFICATION },
    Group { name: ("Người dùng", "People"), routes: PEOPLE },
    Group { name: ("Về API", "About the API"), routes: ABOUT },
    Group { name: ("Trang cho người dùng", "Pages for people"), routes: PAGES },
];

static VISITS: &[Route] = &[
    route("GET", "/v1/units", "", Who::Anyone, ("Tìm cơ quan đang nhận hồ sơ", "Find an office that takes cases"))
        .asks(&["q"]),
    route("GET", "/v1/units/{id}", "", Who::Anyone, ("Một cơ quan", "One office")),
    route("GET", "/v1/units/{id}/slots", "", Who::Anyone, ("Khung giờ còn trống", "Free slots"))
        .asks(&["from", "to"])
        .refuses(&["unit-not-enabled"]),
    route("GET", "/v1/calendar", "", Who::Anyone, ("Ngày làm việc", "Working days")).asks(&["from", "to"]),
    route("GET", "/v1/document-types", "", Who::Anyone, ("Các loại giấy tờ", "Kinds of documents")),
    route("GET", "/v1/fees", "", Who::Anyone, ("Mức phí", "What it costs")).asks(&["pages", "copies"]),
    route(
        "POST",
        "/v1/appointments",
        "K",
        Who::Owner(&[Right::Portal]),
        ("Đặt lịch hẹn", "Book a visit"),
    )
    .gives(201)
    .takes(Body::Json(
        r#"{"unit_id":"<unit>","start":"<start>","account":{"kind":"person","id":"<account>"},"originals":[{"type_id":"diploma","title":"Bằng tốt nghiệp","pages":1}],"note":"Đến sớm 10 phút"}"#,
    ))
    .refuses(&["slot-full", "slot-in-past", "slot-not-working-day", "unit-not-enabled"]),
    route("GET", "/v1/appointments/{id}", "", VISIT, ("Xem lịch hẹn", "One visit")),
    route("PATCH", "/v1/appointments/{id}", "KM", VISIT, ("Đổi giờ hoặc giấy tờ", "Move or change a visit"))
        .takes(Body::Json(r#"{"originals":[{"type_id":"diploma","title":"Bằng đại học","pages":2}]}"#))
        .refuses(&["appointment-used", "slot-full", "slot-in-past", "slot-not-working-day", "wrong-state"]),
    route("POST", "/v1/appointments/{id}/cancel", "KM", VISIT, ("Hủy lịch hẹn", "Cancel a visit"))
        .takes(Body::Json(r#"{"reason":"Bận việc"}"#))
        .refuses(&["appointment-used", "wrong-state"]),
];

static UPLOADS: &[Route] = &[
    route(
        "POST",
        "/v1/uploads",
        "K",
        Who::Rights(&[Right::Create, Right::Verify, Right::Portal]),
        ("Khai báo tệp, nhận địa chỉ để gửi", "Declare a file and get the address to send it to"),
    )
    .gives(201)
    .takes(Body::Json(r#"{"filename":"bang.png","content_type":"image/png","size":<size>,"sha256":"<sha256>"}"#))
    .refuses(&["file-too-large", "type-not-accepted", "empty-file"]),
    route(
        "POST",
        "/v1/uploads/{id}/complete",
        "",
        Who::Owner(&[]),
        ("Báo đã gửi xong; tệp được đọc lại và kiểm tra", "Say that it was sent; the file is read back and checked"),
    )
    .takes(Body::Maybe("{}"))
    .refuses(&[
        "upload-not-ready",
        "hash-mismatch",
        "pdf-encrypted",
        "pdf-active-content",
        "pdf-already-signed",
        "pdf-broken",
        "image-broken",
        "too-many-pages",
        "type-not-accepted",
    ]),
    route("GET", "/v1/uploads/{id}", "", Who::Owner(&[]), ("Trạng thái tệp", "State of an upload")),
];

static CASES: &[Route] = &[
    route(
        "POST",
        "/v1/cases",
        "K",
        DESK,
        ("Tiếp nhận; thời hạn bắt đầu tính từ đây", "Receive a case; the legal clock starts"),
    )
    .gives(201)
    .takes(Body::Json(
        r#"{"basis":"paper_original","requester":{"kind":"person","name":"Trần Thị Mẫu","id_type":"citizen_id","id_number":"001099009999","email":"mau@example.com"}}"#,
    ))
    .refuses(&[
        "appointment-used", "basis-gives-no-copy", "email-required", "unit-not-enabled", "directory-unavailable",
        "wrong-state",
    ]),
    route("GET", "/v1/cases/{id}", "", Who::Rights(READERS), ("Xem hồ sơ", "One case")),
    route("GET", "/v1/cases/{id}/events", "", Who::Rights(READERS), ("Lịch sử hồ sơ", "Its history")),
    route(
        "PUT",
        "/v1/cases/{id}/checklist",
        "M",
        DESK,
        ("Trả lời sáu trường hợp không được chứng thực", "Answer the six grounds for refusal"),
    )
    .takes(Body::Json(
        r#"{"grounds":{"22.1":false,"22.2":false,"22.3":false,"22.4":false,"22.5":false,"22.6":false},"confirmed":true}"#,
    ))
    .refuses(&["case-frozen", "ground-applies", "wrong-state"]),
    route("POST", "/v1/cases/{id}/copies", "KM", DESK, ("Thêm một bản chính đã quét", "Add one scanned original"))
        .gives(201)
        .takes(Body::Json(
            r#"{"type_id":"diploma","title":"Bằng tốt nghiệp","issuer":"Trường Mẫu","pages":1,"upload_ids":["<upload>"]}"#,
        ))
        .refuses(&["case-frozen", "ground-applies", "upload-not-ready", "upload-in-use", "wrong-state"]),
    route("POST", "/v1/cases/{id}/fee", "KM", DESK, ("Ghi phí đã thu hoặc lý do miễn", "Record the fee, or why there is none"))
        .takes(Body::Json(r#"{"receipt_no":"BL-1","amount_vnd":2000,"paid_at":"<now>"}"#))
        .refuses(&["case-frozen", "fee-differs", "ground-applies", "wrong-state"]),
    route("POST", "/v1/cases/{id}/submit", "KM", DESK, ("Trình lãnh đạo; bản sao được khóa", "Submit to the leader; the copies are frozen"))
        .takes(Body::Maybe("{}"))
        .refuses(&[
            "checklist-missing", "no-copy", "attestation-missing", "fee-missing", "no-leader-available", "case-frozen",
            "ground-applies", "placement-covers-content", "template-expired", "wrong-state",
        ]),
    route("POST", "/v1/cases/{id}/recall", "KM", DESK, ("Thu hồi để sửa", "Recall it"))
        .takes(Body::Maybe("{}"))
        .refuses(&["signing-started", "already-numbered", "wrong-state"]),
    route("POST", "/v1/cases/{id}/return", "KM", Who::Rights(&[Right::Sign]), ("Lãnh đạo trả lại", "The leader returns it"))
        .takes(Body::Json(r#"{"reason_code":"scan","note":"Trang 1 mờ, quét lại"}"#))
        .refuses(&["signing-started", "already-numbered", "wrong-state"]),
    route("POST", "/v1/cases/{id}/refuse", "KM", DESK, ("Từ chối chứng thực", "Refuse to attest"))
        .takes(Body::Json(r#"{"ground":"22.1","explanation":"Bản chính bị tẩy xóa"}"#))
        .refuses(&["case-frozen", "wrong-state"]),
    route("POST", "/v1/cases/{id}/cancel", "KM", DESK, ("Hủy theo yêu cầu", "Cancel at the requester's wish"))
        .takes(Body::Json(r#"{"reason":"Người yêu cầu rút hồ sơ"}"#))
        .refuses(&["ground-applies", "signing-started", "already-numbered", "wrong-state"]),
];

static COPIES: &[Route] = &[
    route("GET", "/v1/copies/{id}", "", Who::Owner(READERS), ("Xem bản sao", "One copy")),
    route(
        "PUT",
        "/v1/copies/{id}/attestation",
        "M",
        DESK,
        ("Chọn lời chứng và chỗ đặt", "Choose the wording and its place"),
    )
    .takes(Body::Json(r#"{"template_id":"default","placement":"auto"}"#))
    .refuses(&[
        "copy-frozen",
        "case-frozen",
        "ground-applies",
        "placement-covers-content",
        "template-expired",
        "no-leader-available",
        "wrong-state",
    ]),
    route(
        "GET",
        "/v1/copies/{id}/preview.pdf",
        "",
        Who::Rights(READERS),
        ("Xem đúng tệp sẽ ký; với lãnh đạo là «đã mở»", "The very file to be signed; for the leader this is «opened»"),
    )
    .refuses(&["attestation-missing"]),
    route(
        "GET",
        "/v1/queues/{queue}",
        "",
        Who::Rights(&[Right::Create, Right::Sign, Right::Seal]),
        ("Việc đang chờ: create, sign hoặc seal", "Work that waits: create, sign or seal"),
    )
    .asks(&["unit"]),
    route(
        "POST",
        "/v1/copies/{id}/annul",
        "KM",
        Who::Rights(&[Right::Seal]),
        ("Hủy bỏ giá trị bản sao đã cấp", "Annul a copy that was issued"),
    )
    .takes(Body::Json(r#"{"decision_no":"12/QĐ-UBND","decision_date":"<today>","reason":"Bản chính bị thu hồi"}"#))
    .refuses(&["already-annulled", "wrong-state"]),
    route(
        "POST",
        "/v1/copies/{id}/void",
        "KM",
        Who::Rights(&[Right::Seal]),
        ("Ghi nhận số đã cấp mà không đóng dấu", "Put on record a number that was never sealed"),
    )
    .takes(Body::Json(r#"{"reason":"Không đóng dấu được"}"#))
    .refuses(&["wrong-state"]),
];

static SIGNING: &[Route] = &[
    route(
        "POST",
        "/v1/sign-sessions",
        "K",
        Who::Rights(&[Right::Sign, Right::Seal]),
        (
            "Lãnh đạo ký, hoặc văn thư xin cấp số và đóng dấu",
            "The leader signs, or the seal-keeper asks for number and seal",
        ),
    )
    .gives(202)
    .takes(Body::Json(r#"{"purpose":"leader_sign","copy_ids":["<copy>"],"method":"sim"}"#))
    .refuses(&[
        "copy-not-opened",
        "copy-changed",
        "signer-busy",
        "prompts-paused",
        "gateway-unavailable",
        "method-not-available",
        "certificate-not-usable",
        "wrong-state",
    ]),
    route(
        "GET",
        "/v1/sign-sessions/{id}",
        "",
        Who::Owner(&[Right::Sign, Right::Seal]),
        ("Theo dõi phiên ký", "Follow a session"),
    ),
    route(
        "POST",
        "/v1/sign-sessions/{id}/cancel",
        "K",
        Who::Owner(&[Right::Sign, Right::Seal]),
        ("Hủy phiên ký", "Cancel a session"),
    )
    .takes(Body::Maybe("{}"))
    .refuses(&["session-closed"]),
    route(
        "POST",
        "/v1/sign-sessions/{id}/answers",
        "K",
        Who::Owner(&[]),
        (
            "Nộp chữ ký do USB Token tạo ra (chỉ người đã mở phiên ký, khi còn quyền ký)",
            "Bring what a USB Token signed (only whoever opened the session, while they may still sign)",
        ),
    )
    .gives(202)
    .takes(Body::Json(r#"{"items":[{"copy_id":"<copy>","signature":"<signature>","certificate":"<certificate>"}]}"#))
    .refuses(&["session-closed", "wrong-certificate", "signature-does-not-verify"]),
    route(
        "POST",
        "/v1/gateway-callbacks/{backend}",
        "",
        Who::Anyone,
        (
            "Cổng ký số báo có kết quả: chỉ là lời báo, chúng tôi tự hỏi lại",
            "A signing gateway says that something has happened: a hint, after which we ask by ourselves",
        ),
    )
    .gives(202)
    .takes(Body::Signed)
    .refuses(&["callback-signature"]),
];

static DELIVERY: &[Route] = &[
    route(
        "GET",
        "/v1/copies/{id}/file",
        "",
        Who::Owner(READERS),
        ("Tệp PDF, qua liên kết 60 giây", "The PDF, by a link of 60 seconds"),
    )
    .gives(303)
    .refuses(&["copy-not-ready", "copy-annulled"]),
    route(
        "GET",
        "/v1/accounts/{id}/copies",
        "",
        Who::Owner(&[Right::Portal]),
        ("Kho bản sao của một tài khoản", "The copies of an account"),
    ),
    route("GET", "/v1/cases/{id}/deliveries", "", Who::Rights(READERS), ("Bản sao đã đi đâu", "Where copies went")),
    // The buttons behind a link take no key: asking again is harmless without one (docs/decisions/0011).
    route(
        "POST",
        "/v1/downloads/{token}/code",
        "",
        Who::Anyone,
        ("Xin mã dùng một lần cho liên kết trong thư", "Ask for the one-time code of a letter's link"),
    )
    .gives(202)
    .takes(Body::Maybe("{}"))
    .refuses(&["link-expired", "link-revoked", "quota-exceeded"]),
    route("POST", "/v1/downloads/{token}/open", "", Who::Anyone, ("Đổi mã lấy tệp", "Change the code for the file"))
        .gives(303)
        .takes(Body::Json(r#"{"code":"<code>"}"#))
        .refuses(&["code-wrong", "link-expired", "link-revoked"]),
    route(
        "POST",
        "/v1/downloads/{token}/reissue",
        "",
        Who::Anyone,
        ("Liên kết hết hạn: gửi liên kết mới tới địa chỉ cũ", "The link is over: send a new one to the same address"),
    )
    .gives(202)
    .takes(Body::Maybe("{}"))
    .refuses(&["link-revoked", "wrong-state"]),
];

static VERIFICATION: &[Route] = &[
    route(
        "POST",
        "/v1/verifications",
        "",
        Who::Anyone,
        ("Kiểm tra một tệp; chữ ký sai cũng là câu trả lời 200", "Judge a file; a wrong signature is an answer, too"),
    )
    .takes(Body::File(r#"{"copy_id":"<copy>","retain":"report"}"#))
    .asks(&["at", "policy", "retain"])
    .refuses(&[
        "empty-file",
        "use-upload",
        "upload-not-ready",
        "copy-not-ready",
        "pdf-too-complex",
        "zip-broken",
        "zip-bomb",
        "zip-has-no-pdf",
        "not-acceptable",
        "record-not-signed",
        "quota-exceeded",
    ]),
    route("GET", "/v1/verifications/{id}", "", Who::Anyone, ("Xem lại biên bản đã giữ", "A report that was kept"))
        .refuses(&["report-expired", "record-not-signed", "quota-exceeded"]),
    route(
        "GET",
        "/v1/verifications/{id}/report.pdf",
        "",
        Who::Anyone,
        ("Biên bản PDF, dịch vụ ký số", "The same as a PDF, signed by the service"),
    )
    .refuses(&["report-expired", "record-not-signed", "quota-exceeded"]),
    route(
        "POST",
        "/v1/verification-batches",
        "K",
        Who::Signed,
        (
            "Kiểm tra cả lô: một tệp zip đã tải lên hoặc danh sách đến 1.000 mục; kèm giấy tờ cần có",
            "Judge a batch: an uploaded zip or a list of up to 1,000 items; with the papers that are expected",
        ),
    )
    .gives(202)
    .takes(Body::Json(r#"{"items":[{"copy_id":"<copy>"}],"expected":[{"title":"Bằng tốt nghiệp","type":"diploma"}]}"#))
    .refuses(&["upload-not-ready", "zip-broken", "zip-bomb", "zip-has-no-pdf"]),
    route(
        "GET",
        "/v1/verification-batches/{id}",
        "",
        Who::Owner(&[]),
        (
            "Lô đã kiểm tra đến đâu, đủ giấy tờ chưa; If-None-Match được trả 304",
            "How far a batch is, and which papers were found; If-None-Match gets 304",
        ),
    )
    .refuses(&["report-expired"]),
    route(
        "GET",
        "/v1/verification-batches/{id}/items",
        "",
        Who::Owner(&[]),
        ("Kết quả từng tệp của lô, theo trang", "The files of a batch with their answers, page by page"),
    )
    .asks(&["limit", "after"])
    .refuses(&["report-expired", "cursor-expired"]),
    route(
        "GET",
        "/v1/verification-batches/{id}/report.pdf",
        "",
        Who::Owner(&[]),
        ("Biên bản PDF của cả lô, dịch vụ ký số", "The record of the whole batch, signed by the service"),
    )
    .refuses(&["report-expired", "wrong-state"]),
    route(
        "GET",
        "/v1/copies/by-number",
        "",
        Who::Anyone,
        ("Tra sổ theo số, không cần tệp", "Ask the register by number, without the file"),
    )
    .asks(&["unit_code", "year", "number", "book", "suffix", "sha256"])
    .refuses(&["quota-exceeded"]),
    route(
        "GET",
        "/v1/annulments",
        "",
        Who::Anyone,
        ("Danh sách công bố các bản sao đã bị hủy bỏ giá trị", "The published list of annulled copies"),
    )
    .asks(&["since", "unit_code", "limit", "after"])
    .refuses(&["cursor-expired"]),
    route("GET", "/v1/trust-lists/current", "", Who::Anyone, ("Danh sách tin cậy đang dùng", "The trust list in use")),
    route(
        "GET",
        "/v1/explanations/{code}",
        "",
        Who::Anyone,
        ("Một mã lý do nghĩa là gì, phải làm gì", "What a reason means and what to do"),
    ),
    route(
        "POST",
        "/v1/qr/decode",
        "",
        Who::Anyone,
        ("Đọc mã QR trên bản in và kiểm tra chữ ký của mã", "Read the QR code of a print and check its signature"),
    )
    .takes(Body::Json(r#"{"payload":"<qr>"}"#))
    .refuses(&["qr-not-ours"]),
    route(
        "GET",
        "/v1/qr/keys",
        "",
        Who::Anyone,
        ("Khóa công khai để tự kiểm tra mã QR (JWK Set)", "The public keys for checking QR codes by oneself (JWK Set)"),
    ),
];

static PEOPLE: &[Route] = &[
    route("GET", "/v1/me", "", Who::Signed, ("Tôi là ai, có quyền gì", "Who am I, and what may I do")),
    route(
        "GET",
        "/v1/me/signature-picture",
        "",
        SIGNER,
        ("Ảnh chữ ký tay của tôi", "The picture of my handwritten signature"),
    ),
    route(
        "PUT",
        "/v1/me/signature-picture",
        "M",
        SIGNER,
        (
            "Đưa ảnh chữ ký tay (màu xanh, nền trong suốt) vào các bản sao trình từ nay",
            "Show a picture of my handwritten signature (blue on a clear ground) on what is submitted from now on",
        ),
    )
    .takes(Body::Picture),
    route(
        "DELETE",
        "/v1/me/signature-picture",
        "M",
        SIGNER,
        ("Không dùng ảnh chữ ký tay nữa", "Show no such picture any more"),
    ),
    route(
        "GET",
        "/v1/units/{id}/settings",
        "",
        Who::Rights(&[Right::AdminUnit, Right::AdminTop, Right::Operate, Right::Create, Right::Sign, Right::Seal]),
        (
            "Ký hiệu, quyển số, cách ghi số và ảnh con dấu",
            "Suffix, book, how numbers are written, and the picture of the seal",
        ),
    ),
    route(
        "PUT",
        "/v1/units/{id}/series",
        "M",
        ADMINS,
        (
            "Đặt ký hiệu, quyển số và cách ghi số cho những ngày chưa bắt đầu",
            "Plan suffix, book and how numbers are written for days that have not begun",
        ),
    )
    .takes(Body::Json(r#"{"later":[{"from":"<new_year>","suffix":"SCT/BS","book":"01","number_form":"{n}/ĐT"}]}"#)),
    route("GET", "/v1/units/{id}/seal-picture", "", ADMINS, ("Ảnh con dấu", "The picture of the seal")),
    route(
        "PUT",
        "/v1/units/{id}/seal-picture",
        "M",
        ADMINS,
        (
            "Đưa ảnh con dấu (màu đỏ, nền trong suốt) vào các bản sao trình từ nay",
            "Show a picture of the seal (red on a clear ground) on what is submitted from now on",
        ),
    )
    .takes(Body::Picture),
    route(
        "DELETE",
        "/v1/units/{id}/seal-picture",
        "M",
        ADMINS,
        ("Không dùng ảnh con dấu nữa", "Show no picture of the seal any more"),
    ),
    route(
        "POST",
        "/v1/accounts/lookup",
        "",
        Who::Rights(&[Right::Create, Right::AdminUnit, Right::AdminTop]),
        (
            "Tra tài khoản; số định danh không nằm trong địa chỉ",
            "Look up an account; no identity number in the address",
        ),
    )
    .takes(Body::Json(r#"{"account_id":"<account>"}"#))
    .refuses(&["directory-unavailable"]),
];

static ABOUT: &[Route] = &[
    route("GET", "/v1", "", Who::Anyone, ("Phiên bản và các liên kết", "Version and links")),
    route("GET", "/v1/errors", "", Who::Anyone, ("Danh mục mã lỗi", "The catalogue of problems")),
    route("GET", "/v1/errors/{code}", "", Who::Anyone, ("Một mã lỗi", "One problem")),
    route("GET", "/health", "", Who::Anyone, ("Hệ thống còn chạy", "Whether it is alive")),
];

static PAGES: &[Route] = &[
    route("GET", "/", "", Who::Anyone, ("Trang đầu", "The first page")).asks(&["lang"]),
    route("GET", "/verify", "", Who::Anyone, ("Trang kiểm tra", "The page that checks files")).asks(&["lang"]),
    route("GET", "/docs", "", Who::Anyone, ("Trang này", "This page")).asks(&["lang"]),
    route("GET", "/d/{token}", "", Who::Anyone, ("Liên kết trong thư", "The link of a letter"))
        .asks(&["lang"])
        .refuses(&["link-expired", "link-revoked"]),
    route("GET", "/Q/{payload}", "", Who::Anyone, ("Trang của mã QR trên bản in", "The page of a print's QR code"))
        .asks(&["lang"])
        .refuses(&["qr-not-ours"]),
    route("GET", "/assets/{name}", "", Who::Anyone, ("Tệp của các trang", "Files of the pages")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code;

    #[test]
    fn every_code_is_in_the_catalogue_and_none_is_common_and_special() {
        for name in routes().flat_map(|route| route.codes).chain(COMMON) {
            assert!(code(name).is_some(), "{name}");
        }
        for route in routes() {
            assert!(!route.codes.iter().any(|code| COMMON.contains(code)), "{}", route.key());
        }
    }

    #[test]
    fn only_what_changes_something_needs_a_key_or_a_version() {
        for route in routes() {
            assert!(matches!(route.needs, "" | "K" | "M" | "KM"), "{}", route.key());
            assert!(route.method != "GET" || (route.needs.is_empty() && route.body == Body::None), "{}", route.key());
            assert!(!matches!(route.method, "PUT" | "PATCH") || route.needs.contains('M'), "{}", route.key());
        }
    }
}
