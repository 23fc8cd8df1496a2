//! Throwaway.
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let out = args.first().expect("out");
    let files: Vec<Vec<u8>> = args.iter().skip(1).map(|p| std::fs::read(p).expect("read")).collect();
    for (f, p) in files.iter().zip(args.iter().skip(1)) {
        let t = std::time::Instant::now();
        let r = compose::inspect(f, "");
        let line = match &r {
            Ok(i) => format!(
                "{:?} pages={} dpi={:?} colour={:?} {:?} {:?}",
                i.kind,
                i.pages,
                i.dpi,
                i.colour,
                i.warnings,
                &i.page_sizes_pt[..i.page_sizes_pt.len().min(3)]
            ),
            Err(e) => format!("REFUSED {} {e}", e.code()),
        };
        println!("{p}: {line} [{:?}]", t.elapsed());
    }
    if out == "-" {
        return;
    }
    let spec = compose::BaseSpec {
        scans: files.iter().map(|f| f.as_slice()).collect(),
        wording: compose::Wording {
            template_id: "default".into(),
            unit_name: "ỦY BAN NHÂN DÂN XÃ HƯNG HÀ, TỈNH HƯNG YÊN".into(),
            place: "Hưng Hà".into(),
            leader_title_line: "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH".into(),
            leader_name: "Nguyễn Văn Kiểm".into(),
            document_title: "Bằng tốt nghiệp cao đẳng nghề số MAU-000123".into(),
            document_pages: 1,
        },
        placement: compose::Placement::Auto,
        sandbox_mark: true,
        created: "2026-11-25T09:30:00+07:00".into(),
        document_id: [7; 16],
    };
    let t = std::time::Instant::now();
    match compose::base(&spec) {
        Ok(b) => {
            println!(
                "base {} bytes {} pages {:?} leader {:?} seal {:?} [{:?}]",
                b.pdf.len(),
                b.pages,
                b.placement,
                b.leader_rect,
                b.seal_rect,
                t.elapsed()
            );
            std::fs::write(out, &b.pdf).expect("write");
            let l = compose::leader_appearance(
                (b.leader_rect.w, b.leader_rect.h),
                "Nguyễn Văn Kiểm",
                "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH",
                Some("UBND xã Hưng Hà"),
                "2026-11-25T14:05:31+07:00",
            )
            .expect("leader");
            std::fs::write(format!("{out}.leader.pdf"), &l).expect("w");
            let s = compose::seal_appearance((b.seal_rect.w, b.seal_rect.h), &compose::SealText { number: 152, book: "01/2026", suffix: "SCT/BS", date_text: "Ngày 25 tháng 11 năm 2026", unit_name: "ỦY BAN NHÂN DÂN XÃ HƯNG HÀ, TỈNH HƯNG YÊN", qr_payload: "https://banhsao.example.vn/q/8Jx2kqP0aZ?c=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }).expect("seal");
            std::fs::write(format!("{out}.seal.pdf"), &s).expect("w");
            println!("leader {} seal {}", l.len(), s.len());
        }
        Err(e) => println!("REFUSED {} {e}", e.code()),
    }
}
