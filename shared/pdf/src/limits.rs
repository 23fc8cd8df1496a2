//! Limits for everything that comes from outside. Each has its own [`crate::LimitKind`].

/// How much a reader may take before it gives up with `Error::Limit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file. Default 100 MiB (decision 32: 100 MB a scan) plus 16 MiB for what signing adds.
    pub file_bytes: usize,
    /// Cross-reference entries over all revisions. Default 1,000,000 (ISO 32000-1 annex C names 8,388,607; honest scans of 300 pages have
    /// a few thousand).
    pub objects: usize,
    /// Nesting of arrays and dictionaries, of the page tree and of the field tree. Default 100.
    pub depth: usize,
    /// Bytes that come out of all filters of one document together. Default 300 MiB.
    pub decoded_total: usize,
    /// Bytes that come out of one stream. Default 32 MiB (content streams and object streams; images are never decoded here).
    pub decoded_stream: usize,
    /// Cross-reference sections. Default 4096.
    pub revisions: usize,
    /// Filters in one chain. Default 8.
    pub filters: usize,
    /// Pages. Default 20,000.
    pub pages: usize,
    /// Form fields and their widgets. Default 20,000.
    pub fields: usize,
    /// Parsed values kept in memory (about 64 bytes each): this base plus four per byte of the file.
    pub values_base: usize,
    /// Values compared or copied in one comparison or import. Default 4,000,000.
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            file_bytes: 116 << 20,
            objects: 1_000_000,
            depth: 100,
            decoded_total: 300 << 20,
            decoded_stream: 32 << 20,
            revisions: 4096,
            filters: 8,
            pages: 20_000,
            fields: 20_000,
            values_base: 200_000,
            steps: 4_000_000,
        }
    }
}
