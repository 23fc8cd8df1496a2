"use strict";
(() => {
  const drop = document.getElementById("drop");
  const input = document.getElementById("file");
  const result = document.getElementById("result");
  const names = {
    integrity: "Tệp còn nguyên vẹn",
    signer_certificates: "Chứng thư của lãnh đạo và cơ quan",
    timestamps: "Dấu thời gian",
    trust_service: "Tổ chức cung cấp chứng thư",
    register: "Có trong sổ chứng thực",
  };
  const marks = { pass: "✔", fail: "✖", not_checked: "–", unknown: "?" };
  const roles = { leader: "Lãnh đạo ký", agency: "Cơ quan đóng dấu", other: "Chữ ký", timestamp: "Dấu thời gian" };

  function node(name, text, kind) {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function sentence(reason) {
    return reason.text ? reason.text.vi : reason.code;
  }

  function check(item) {
    const line = node("li");
    line.append(node("span", marks[item.result] || "?"), node("span", names[item.id] || item.id));
    for (const reason of item.reasons || []) line.append(node("small", sentence(reason)));
    return line;
  }

  function row(list, name, value) {
    if (value) list.append(node("dt", name), node("dd", value));
  }

  function signer(item) {
    const card = node("section", null, "signer");
    card.append(node("h3", roles[item.role] || item.field));
    const list = node("dl");
    const who = item.signer || {};
    row(list, "Người ký", who.common_name || who.subject);
    row(list, "Tổ chức", who.organisation);
    row(list, "Lúc", item.signed_at ? new Date(item.signed_at).toLocaleString("vi-VN", { timeZone: "Asia/Ho_Chi_Minh" }) : null);
    row(list, "Thời gian theo", item.time_source === "timestamp" ? "dấu thời gian" : "khai báo của người ký");
    row(list, "Mức", item.level);
    card.append(list);
    return card;
  }

  function show(report) {
    const bar = node("div", null, "verdict " + report.verdict);
    const head = node("h2", report.verdict_text);
    head.tabIndex = -1;
    head.dataset.testid = "verdict";
    bar.append(head, node("p", report.summary), node("p", report.action));
    result.replaceChildren(bar);
    if (report.number) {
      const n = report.number;
      result.append(node("p", `Số chứng thực ${n.number}, quyển số ${n.book}/${n.year} - ${n.suffix}`, "number"));
    }
    const list = node("ul", null, "checks");
    for (const item of report.checks || []) list.append(check(item));
    result.append(list);
    const cards = node("div", null, "signers");
    for (const item of report.signatures || []) if (item.kind === "signature") cards.append(signer(item));
    result.append(cards);
    head.focus();
  }

  function trouble(problem) {
    const bar = node("div", null, "verdict indeterminate");
    bar.append(node("h2", problem.title || "Không kiểm tra được"), node("p", problem.detail || ""), node("p", problem.action || ""));
    result.replaceChildren(bar);
  }

  async function judge(file) {
    result.replaceChildren(node("p", "Đang kiểm tra…"));
    try {
      const answer = await fetch("/v1/verifications", { method: "POST", headers: { "Content-Type": "application/pdf" }, body: file });
      const body = await answer.json();
      if (answer.ok) show(body);
      else trouble(body);
    } catch {
      trouble({ detail: "Không liên lạc được máy chủ. Thử lại sau." });
    }
  }

  drop.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("change", () => input.files.length && judge(input.files[0]));
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) judge(event.dataTransfer.files[0]);
  });
})();
