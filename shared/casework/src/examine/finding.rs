//! What an examination can find, for operators: a number, a code, a sentence in both languages.

use std::fmt;

/// Something that must never be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The number in the series.
    pub number: u32,
    /// What is wrong.
    pub wrong: Wrong,
    /// Which copy, object or field; never a person.
    pub about: String,
}

impl Finding {
    pub(super) fn new(number: u32, wrong: Wrong, about: &str) -> Self {
        Self { number, wrong, about: about.to_owned() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, vi, en) = self.wrong.texts();
        write!(f, "số {}: {vi} / {en} [{code}]", self.number)?;
        if self.about.is_empty() { Ok(()) } else { write!(f, " {}", self.about) }
    }
}

macro_rules! wrongs {
    ($($name:ident = $code:literal, $vi:literal, $en:literal;)+) => {
        /// What can be wrong.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Wrong { $(#[doc = $en] $name,)+ }

        impl Wrong {
            /// Everything that can be wrong.
            pub const ALL: &'static [Wrong] = &[$(Wrong::$name,)+];

            /// Stable code, sentence in Vietnamese, sentence in English.
            pub fn texts(self) -> (&'static str, &'static str, &'static str) {
                match self { $(Wrong::$name => ($code, $vi, $en),)+ }
            }
        }
    };
}

wrongs! {
    NumberMissing = "number-missing", "sổ thiếu dòng của số này", "the register has no line for this number";
    NumberBeyondCounter = "number-beyond-counter", "có dòng vượt quá số đếm", "a line stands beyond the counter";
    NumberWaits = "number-waits", "đã cấp số nhưng chưa đóng dấu, quá lâu", "numbered and not sealed for too long";
    EntryDiffers = "entry-differs", "dòng trong sổ ghi số khác", "the line in the register says another number";
    CopyMissing = "copy-missing", "không có bản sao của số này", "the copy of this number is gone";
    CopyDiffers = "copy-differs", "bản sao ghi số hoặc hồ sơ khác", "the copy says another number or dossier";
    CopyTwice = "copy-twice", "một bản sao có hai số", "one copy has two numbers";
    ArchiveWaits = "archive-waits", "chưa có bản lưu trữ dài hạn, quá lâu", "not archived for too long";
    RenewalOverdue = "renewal-overdue", "đã quá hạn gia hạn dấu thời gian lưu trữ", "the archive's time-stamp should have been renewed";
    ObjectMissing = "object-missing", "không còn tệp", "the file is gone";
    ObjectDiffers = "object-differs", "tệp khác mã băm đã ghi", "the file is not the one that was recorded";
    ObjectMisplaced = "object-misplaced", "tệp không nằm ở chỗ của số này", "the file does not stand where this number's file belongs";
    ObjectUnrecorded = "object-unrecorded", "có tệp đóng dấu cho một số đã bỏ", "a sealed file exists for a void number";
    FileNotValid = "file-not-valid", "tệp không kiểm tra được là hợp lệ", "the file does not verify";
    PublicMissing = "public-missing", "thiếu thông tin tra cứu công khai", "the public facts are missing";
    PublicDiffers = "public-differs", "thông tin tra cứu công khai khác sổ", "the public facts differ from the register";
    PublicTooEarly = "public-too-early", "có thông tin công khai khi chưa có bản sao", "public facts exist without an issued copy";
    HistoryDiffers = "history-differs", "lịch sử không đủ từng bước", "the history does not have every step once";
}
