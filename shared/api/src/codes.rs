//! The catalogue of problem codes: status, title and what to do, Vietnamese and English. Codes never change meaning.

/// One kind of problem.
#[derive(Debug)]
pub struct Code {
    /// Stable name, the last part of `type`.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What happened: Vietnamese, English.
    pub title: (&'static str, &'static str),
    /// What to do: Vietnamese, English.
    pub action: (&'static str, &'static str),
    /// Seconds for `Retry-After`.
    pub retry_after_s: Option<u32>,
}

const fn c(code: &'static str, status: u16, vi: &'static str, en: &'static str, do_vi: &'static str, do_en: &'static str) -> Code {
    let retry_after_s = match status {
        503 | 424 => Some(5),
        429 => Some(31),
        _ => None,
    };
    Code { code, status, title: (vi, en), action: (do_vi, do_en), retry_after_s }
}

/// Our own mistake.
pub(crate) static INTERNAL: Code = c("internal", 500, "Hệ thống gặp lỗi", "The system failed", "Thử lại sau; nếu vẫn lỗi, báo đơn vị vận hành kèm mã yêu cầu.", "Try again later; if it persists tell the operator the request id.");

/// Finds a code.
pub fn code(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.code == name)
}

/// Every code, grouped as in api.md §5.6.
pub static CODES: &[Code] = &[
    c("internal", 500, INTERNAL.title.0, INTERNAL.title.1, INTERNAL.action.0, INTERNAL.action.1),
    c("service-unavailable", 503, "Dịch vụ tạm thời không sẵn sàng", "The service is temporarily unavailable", "Thử lại sau ít giây; dữ liệu đã gửi không bị mất.", "Try again in a few seconds; nothing you sent is lost."),
    c("malformed-request", 400, "Yêu cầu không đọc được", "The request cannot be read", "Sửa định dạng yêu cầu theo tài liệu API.", "Fix the form of the request as the API documents it."),
    c("unauthenticated", 401, "Chưa đăng nhập", "You are not signed in", "Gửi mã truy cập hợp lệ trong Authorization: Bearer.", "Send a valid token in Authorization: Bearer."),
    c("forbidden", 403, "Không có quyền thực hiện", "You have no right to do this", "Đề nghị người quản trị đơn vị cấp quyền nêu ở «needed».", "Ask your unit's administrator for the right named in `needed`."),
    c("not-found", 404, "Không tìm thấy", "Not found", "Kiểm tra lại địa chỉ hoặc mã định danh.", "Check the address or the identifier."),
    c("method-not-allowed", 405, "Phương thức không dùng được ở địa chỉ này", "This method is not available here", "Xem tài liệu API của địa chỉ này.", "See the API documentation of this address."),
    c("not-acceptable", 406, "Không có định dạng được yêu cầu", "That format is not available", "Đổi Accept sang định dạng có trong tài liệu.", "Change Accept to a documented format."),
    c("body-too-large", 413, "Nội dung gửi quá lớn", "The body is too large", "Gửi tệp qua /v1/uploads.", "Send the file through /v1/uploads."),
    c("use-upload", 413, "Tệp lớn hơn 4 MB", "The file is larger than 4 MB", "Tải tệp lên qua /v1/uploads rồi gửi upload_id.", "Upload it through /v1/uploads and send upload_id."),
    c("unsupported-media-type", 415, "Kiểu nội dung không được hỗ trợ", "That content type is not supported", "Gửi application/json hoặc kiểu nêu trong tài liệu.", "Send application/json or the documented type."),
    c("unknown-field", 422, "Có trường không được biết đến", "There is an unknown member", "Bỏ hoặc sửa tên trường nêu ở «errors».", "Remove or rename the member named in `errors`."),
    c("wrong-id-type", 422, "Mã định danh không đúng loại", "The identifier is of the wrong kind", "Dùng mã định danh đúng loại, ví dụ case_… cho hồ sơ.", "Use an identifier of the right kind, such as case_… for a case."),
    c("validation-failed", 422, "Dữ liệu chưa hợp lệ", "The data are not valid", "Sửa các mục nêu ở «errors» rồi gửi lại.", "Fix what `errors` names and send again."),
    c("idempotency-key-missing", 400, "Thiếu Idempotency-Key", "Idempotency-Key is missing", "Gửi một khóa mới cho mỗi thao tác; gửi lại cùng khóa khi thử lại.", "Send a fresh key per operation and the same key when you retry."),
    c("idempotency-key-reused", 422, "Idempotency-Key đã dùng cho yêu cầu khác", "The Idempotency-Key was used for another request", "Dùng khóa mới cho yêu cầu mới.", "Use a new key for a new request."),
    c("request-in-progress", 409, "Yêu cầu trước với khóa này đang chạy", "The first request with this key is still running", "Chờ rồi gửi lại với cùng khóa.", "Wait, then send again with the same key."),
    c("if-match-missing", 428, "Thiếu If-Match", "If-Match is missing", "Gửi ETag đã nhận trong If-Match.", "Send the ETag you got in If-Match."),
    c("stale", 412, "Dữ liệu đã được người khác thay đổi", "It was changed by somebody else", "Tải lại, xem thay đổi, rồi thực hiện lại nếu vẫn cần.", "Load it again, look at the change, repeat if still wanted."),
    c("cursor-expired", 410, "Con trỏ trang đã hết hạn", "The page cursor has expired", "Bắt đầu lại từ trang đầu.", "Start again from the first page."),
    c("quota-exceeded", 429, "Vượt hạn mức", "The quota is exceeded", "Chờ theo Retry-After.", "Wait as Retry-After says."),
    c("wrong-state", 409, "Trạng thái hiện tại không cho phép thao tác này", "The present state does not allow this", "Xem «state» và «allowed» để biết bước có thể làm.", "See `state` and `allowed` for what is possible."),
    // places and appointments
    c("unit-closed", 410, "Đơn vị đã giải thể hoặc sáp nhập", "The unit is closed", "Chuyển sang đơn vị kế thừa.", "Go to the successor unit."),
    c("unit-not-enabled", 409, "Đơn vị chưa nhận hồ sơ", "The unit does not take cases", "Chọn đơn vị khác.", "Choose another unit."),
    c("slot-full", 409, "Khung giờ đã đủ người", "The slot is full", "Chọn một khung giờ trong «alternatives».", "Choose one of `alternatives`."),
    c("slot-in-past", 422, "Khung giờ đã qua", "The slot is in the past", "Chọn khung giờ sắp tới.", "Choose a slot to come."),
    c("slot-not-working-day", 422, "Không phải giờ làm việc", "Not a working time", "Chọn khung giờ trong danh sách /slots.", "Choose a slot of the /slots list."),
    c("appointment-limit", 409, "Đã có quá nhiều lịch hẹn", "Too many appointments", "Hủy bớt lịch hẹn chưa dùng.", "Cancel appointments you do not need."),
    c("appointment-used", 409, "Lịch hẹn đã được dùng", "The appointment was used", "Mở hồ sơ đã tiếp nhận từ lịch hẹn này.", "Open the case that was received on it."),
    // files
    c("file-too-large", 413, "Tệp lớn hơn 100 MB", "The file is larger than 100 MB", "Quét lại ở 200–300 dpi hoặc tách tệp.", "Scan again at 200–300 dpi or split the file."),
    c("type-not-accepted", 415, "Loại tệp không được nhận", "That kind of file is not accepted", "Dùng PDF, JPEG, PNG hoặc TIFF.", "Use PDF, JPEG, PNG or TIFF."),
    c("hash-mismatch", 422, "Tệp nhận được khác tệp đã khai báo", "The file that arrived is not the declared one", "Tải lại tệp.", "Upload the file again."),
    c("empty-file", 422, "Tệp rỗng", "The file is empty", "Quét lại.", "Scan again."),
    c("pdf-encrypted", 422, "PDF có mật khẩu hoặc mã hóa", "The PDF is encrypted", "Bỏ mật khẩu rồi tải lại.", "Remove the password and upload again."),
    c("pdf-active-content", 422, "PDF có biểu mẫu hoặc nội dung động", "The PDF has a form or active content", "In ra tệp PDF phẳng hoặc quét lại.", "Print it to a flat PDF or scan again."),
    c("pdf-already-signed", 422, "PDF đã có chữ ký số", "The PDF is signed already", "Chứng thực bản sao chỉ nhận bản quét của bản chính giấy.", "Only scans of paper originals are taken here."),
    c("pdf-broken", 422, "PDF bị hỏng", "The PDF is broken", "Xuất lại hoặc quét lại tệp.", "Export or scan the file again."),
    c("image-broken", 422, "Ảnh bị hỏng", "The image is broken", "Quét lại.", "Scan again."),
    c("too-many-pages", 422, "Quá 300 trang", "More than 300 pages", "Tách thành nhiều bản sao.", "Split it into several copies."),
    c("pdf-too-complex", 422, "PDF quá phức tạp để kiểm tra", "The PDF is too complex to check", "Dùng chương trình ctdt verify trên máy.", "Use the program ctdt verify on your machine."),
    c("not-a-pdf", 422, "Không phải tệp PDF", "Not a PDF", "Gửi tệp PDF đã nhận.", "Send the PDF you received."),
    c("scan-below-200dpi", 422, "Bản quét dưới 200 dpi", "The scan is below 200 dpi", "Quét lại từ 200 dpi.", "Scan again at 200 dpi or more."),
    c("malware-suspected", 422, "Tệp bị nghi có mã độc", "The file is suspected of malware", "Không dùng tệp này.", "Do not use this file."),
    c("upload-not-ready", 409, "Tệp chưa được tải lên", "The file has not arrived", "Gửi tệp tới địa chỉ «put» rồi hoàn tất lại.", "Send the file to the `put` address, then complete again."),
    c("upload-in-use", 409, "Tệp đã gắn với một bản sao", "The upload belongs to a copy", "Tải tệp khác.", "Upload another file."),
    // desk
    c("directory-unavailable", 424, "Không tra cứu được tài khoản", "The directory cannot be reached", "Nhập thông tin bằng tay rồi tiếp tục.", "Enter the data by hand and go on."),
    c("basis-gives-no-copy", 409, "Cơ sở này không tạo bản sao", "This basis gives no copy", "Chỉ chứng thực từ bản chính giấy.", "Only paper originals give a copy."),
    c("email-required", 422, "Cần thư điện tử", "An e-mail address is needed", "Nhập thư điện tử hoặc liên kết tài khoản.", "Enter an e-mail address or link an account."),
    c("case-frozen", 409, "Hồ sơ đã trình, không sửa được", "The case is frozen", "Thu hồi hồ sơ trước khi sửa.", "Recall the case first."),
    c("copy-frozen", 409, "Bản sao đã trình, không sửa được", "The copy is frozen", "Thu hồi hồ sơ trước khi sửa.", "Recall the case first."),
    c("ground-applies", 409, "Có trường hợp không được chứng thực", "A ground for refusal applies", "Từ chối bằng văn bản, nêu rõ căn cứ.", "Refuse in writing and name the ground."),
    c("checklist-missing", 409, "Chưa xác nhận kiểm tra bản chính", "The original has not been checked", "Mở mục «Kiểm tra bản chính», xác nhận rồi trình lại.", "Confirm the six grounds, then submit again."),
    c("no-copy", 409, "Hồ sơ chưa có bản sao nào", "The case has no copy", "Thêm ít nhất một bản sao.", "Add at least one copy."),
    c("fee-missing", 409, "Chưa ghi nhận phí", "The fee is not recorded", "Ghi biên lai hoặc lý do miễn.", "Record the receipt or why it is waived."),
    c("fee-differs", 422, "Số tiền không khớp", "The amount differs", "Kiểm tra số trang; số phải thu ở «expected_vnd».", "Check the pages; `expected_vnd` is due."),
    c("attestation-missing", 409, "Chưa chọn lời chứng", "The wording is not chosen", "Chọn mẫu lời chứng cho từng bản sao.", "Choose the wording of every copy."),
    c("placement-covers-content", 422, "Vị trí lời chứng che nội dung", "The wording would cover content", "Chọn vị trí khác hoặc «auto».", "Choose another place or `auto`."),
    c("template-expired", 422, "Mẫu lời chứng không còn hiệu lực", "The template is not in force", "Chọn mẫu đang có hiệu lực.", "Choose a template in force."),
    c("no-leader-available", 409, "Không có lãnh đạo có thể ký", "No leader can sign", "Chọn người ký khác hoặc cập nhật chứng thư.", "Choose another leader or renew the signing credential."),
    c("signing-started", 409, "Đã bắt đầu ký", "Signing has begun", "Chờ kết thúc hoặc hủy phiên ký.", "Wait for its end or cancel the session."),
    c("already-numbered", 409, "Đã cấp số", "A number was given", "Số đã cấp chỉ có thể hủy theo thủ tục.", "A given number can only be voided."),
    c("file-not-ready", 409, "Tệp chưa sẵn sàng", "The file is not ready", "Thử lại sau khi đóng dấu xong.", "Try again when the copy is sealed."),
    c("copy-not-ready", 409, "Bản sao chưa đóng dấu xong", "The copy is not sealed yet", "Thử lại sau khi đóng dấu xong.", "Try again when the copy is sealed."),
    c("copy-annulled", 409, "Bản sao đã bị hủy", "The copy is annulled", "Không dùng bản sao này.", "Do not use this copy."),
    c("copy-erased", 410, "Tệp đã bị xóa theo quy định", "The file was erased", "Liên hệ đơn vị đã chứng thực.", "Ask the unit that attested it."),
    c("scan-unusable", 422, "Bản quét không dùng được", "The scan cannot be used", "Quét lại.", "Scan again."),
    c("extension-too-long", 422, "Gia hạn quá hai ngày làm việc", "Extended by more than two working days", "Cần thỏa thuận bằng văn bản.", "A written agreement is needed."),
    // signing
    c("method-not-available", 409, "Cách ký này không dùng được ở đây", "This way of signing is not available here", "Chọn cách ký khác.", "Choose another way."),
    c("signer-busy", 409, "Đang có một yêu cầu ký trên SIM này", "A prompt is open on this SIM", "Trả lời hoặc chờ yêu cầu trước hết hạn.", "Answer it or wait for its end."),
    c("copy-changed", 409, "Bản sao đã thay đổi sau khi mở", "The copy changed after it was opened", "Mở lại bản sao rồi ký.", "Open the copy again, then sign."),
    c("copy-not-opened", 409, "Chưa mở xem bản sao", "The copy was not opened", "Mở xem từng bản sao trước khi ký.", "Open every copy before signing."),
    c("mandate-expired", 409, "Ủy quyền ký đã hết hạn", "The signing mandate has ended", "Gia hạn ủy quyền hoặc chọn người ký khác.", "Renew it or choose another leader."),
    c("certificate-not-usable", 409, "Chứng thư chữ ký số không dùng được", "The signing credential cannot be used", "Kiểm tra hiệu lực chứng thư.", "Check its validity."),
    c("gateway-unavailable", 424, "Không liên lạc được cổng ký số", "The signing gateway cannot be reached", "Thử lại sau; hệ thống không gửi lại để tránh ký hai lần.", "Try later; we never send twice."),
    c("session-closed", 409, "Phiên ký đã kết thúc", "The session is closed", "Mở phiên ký mới.", "Open a new session."),
    c("signature-does-not-verify", 422, "Chữ ký không đúng", "The signature does not verify", "Ký lại.", "Sign again."),
    c("wrong-certificate", 422, "Chứng thư không phải của người ký", "It is another signer's credential", "Dùng chứng thư của đúng người ký.", "Use the signer's own."),
    // register
    c("book-closed", 409, "Sổ đã khóa", "The book is closed", "Mở sổ mới.", "Open a new book."),
    c("already-annulled", 409, "Bản sao đã bị hủy", "The copy is annulled already", "Không cần làm gì thêm.", "Nothing more to do."),
    // verification and delivery
    c("report-expired", 410, "Biên bản đã hết hạn lưu", "The report has expired", "Kiểm tra lại tệp.", "Check the file again."),
    c("delivery-final", 409, "Việc giao đã kết thúc", "The delivery has ended", "Tạo lượt giao mới.", "Start a new delivery."),
    c("link-expired", 410, "Liên kết đã hết hạn", "The link has expired", "Yêu cầu liên kết mới.", "Ask for a new link."),
    c("code-wrong", 422, "Mã không đúng", "The code is wrong", "Xem lại mã trong thư.", "Look at the code in the message."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_say_something() {
        let mut seen = std::collections::BTreeSet::new();
        for code in CODES {
            assert!(seen.insert(code.code), "{} twice", code.code);
            assert!((400..=599).contains(&code.status), "{}", code.code);
            for text in [code.title.0, code.title.1, code.action.0, code.action.1] {
                assert!(text.len() > 5, "{}", code.code);
            }
            assert!(code.code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", code.code);
        }
    }
}
