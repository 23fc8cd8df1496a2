//! Lists and time-stamps as nobody of ours writes them, signed again by whoever signs. Shared by the tests of `pki` and of `pades`.

/// Signs octets.
pub(crate) type Sign<'s> = &'s dyn Fn(&[u8]) -> Vec<u8>;

/// One row of a CRL.
pub(crate) struct Row {
    pub(crate) serial: Vec<u8>,
    pub(crate) at: i64,
    pub(crate) reason: Option<u8>,
    pub(crate) invalid_since: Option<i64>,
}

/// Length of the header and of the content of the first element.
pub(crate) fn header(der: &[u8]) -> (usize, usize) {
    let first = usize::from(der[1]);
    if first < 0x80 {
        return (2, first);
    }
    let octets = &der[2..2 + (first & 0x7f)];
    (2 + octets.len(), octets.iter().fold(0, |sum, octet| sum * 256 + usize::from(*octet)))
}

/// The members of an element.
pub(crate) fn members(der: &[u8]) -> Vec<Vec<u8>> {
    let (head, long) = header(der);
    let (mut rest, mut found) = (&der[head..head + long], Vec::new());
    while !rest.is_empty() {
        let (head, long) = header(rest);
        found.push(rest[..head + long].to_vec());
        rest = &rest[head + long..];
    }
    found
}

pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        long @ ..0x80 => out.push(long as u8),
        long @ ..0x100 => out.extend([0x81, long as u8]),
        long => out.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    out.extend(content);
    out
}

pub(crate) fn together(tag: u8, members: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &members.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

pub(crate) fn bits(signature: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], signature])
}

/// GeneralizedTime.
pub(crate) fn time(at: i64) -> Vec<u8> {
    let (days, second) = (at.div_euclid(86_400), at.rem_euclid(86_400));
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut left) = (1970, days);
    while left >= 365 + i64::from(is_leap(year)) {
        left -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while left >= lengths[month] {
        left -= lengths[month];
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let text = format!("{year:04}{:02}{:02}{hour:02}{minute:02}{:02}Z", month + 1, left + 1, second % 60);
    tlv(0x18, &[text.as_bytes()])
}

/// id-ce-cRLReasons and id-ce-invalidityDate.
pub(crate) fn extension(last: u8, value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&[6, 3, 0x55, 0x1d, last], &tlv(4, &[value])])
}

fn row(row: &Row) -> Vec<u8> {
    let reason = row.reason.map(|reason| extension(21, &[10, 1, reason])).unwrap_or_default();
    let since = row.invalid_since.map(|since| extension(24, &time(since))).unwrap_or_default();
    let facts = if reason.is_empty() && since.is_empty() { Vec::new() } else { tlv(0x30, &[&reason, &since]) };
    tlv(0x30, &[&tlv(2, &[&row.serial]), &time(row.at), &facts])
}

/// A CRL in which nothing is revoked, with these rows in this order.
pub(crate) fn listed(crl: &[u8], rows: &[Row], sign: Sign<'_>) -> Vec<u8> {
    let [tbs, algorithm, _] = &members(crl)[..] else { panic!("a CRL") };
    let mut fields = members(tbs);
    let rows: Vec<Vec<u8>> = rows.iter().map(row).collect();
    fields.insert(fields.len() - 1, together(0x30, &rows));
    let tbs = together(0x30, &fields);
    tlv(0x30, &[&tbs, algorithm, &bits(&sign(&tbs))])
}

/// A time-stamp token whose signed attributes name no X.509 certificate.
pub(crate) fn unbound(token: &[u8], sign: Sign<'_>) -> Vec<u8> {
    // id-aa-signingCertificate and id-aa-signingCertificateV2.
    const ESS: [&[u8]; 2] = [
        &[6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 12],
        &[6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47],
    ];
    let [kind, explicit] = &members(token)[..] else { panic!("a token") };
    let mut body = members(&members(explicit)[0]);
    let last = body.len() - 1;
    let mut signer = members(&members(&body[last])[0]);
    let place = signer.iter().position(|field| field[0] == 0xa0).expect("signed attributes");
    let mut attributes = members(&signer[place]);
    let before = attributes.len();
    attributes.retain(|attribute| !ESS.contains(&members(attribute)[0].as_slice()));
    assert!(attributes.len() < before, "it was bound");
    signer[place] = together(0xa0, &attributes);
    let value = signer.iter().rposition(|field| field[0] == 4).expect("a signature");
    signer[value] = tlv(4, &[&sign(&together(0x31, &attributes))]);
    body[last] = tlv(0x31, &[&together(0x30, &signer)]);
    tlv(0x30, &[kind, &tlv(0xa0, &[&together(0x30, &body)])])
}
