//! The drawn handset under `/phone`: works without scripts, under a strict Content-Security-Policy.
//!
//! It is a test tool, not a product page. Forms post and come back by 303; a page without a prompt looks again every two
//! seconds, a page with one stays (so that a typed PIN is not lost) and looks again when the prompt runs out.

use std::sync::Arc;

use axum::Form;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;

use crate::PROMPT_SECONDS;
use crate::engine::{Engine, No, Press};
use crate::keys::random_hex;
use crate::scenario::Scenario;
use crate::sim::{State as PromptState, Subscriber, Transaction, normal_msisdn};

const CSS: &str = include_str!("phone.css");

type Shared = State<Arc<Engine>>;

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/phone", get(all_phones))
        .route("/phone/phone.css", get(css))
        .route("/phone/{msisdn}", get(phone))
        .route("/phone/{msisdn}/confirm", post(confirm))
        .route("/phone/{msisdn}/reject", post(reject))
        .route("/phone/{msisdn}/puk", post(puk))
        .route("/phone/{msisdn}/scenario", post(scenario))
}

async fn css() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=60")], CSS).into_response()
}

/// A page; `refresh` in seconds, `style` goes into the one element that the policy allows.
fn page(status: StatusCode, title: &str, refresh: Option<i64>, style: &str, body: &Markup) -> Response {
    let Ok(nonce) = random_hex::<16>() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let markup = html! {
        (DOCTYPE)
        html lang="vi" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(seconds) = refresh { meta http-equiv="refresh" content=(seconds); }
                title { (title) }
                link rel="stylesheet" href="/phone/phone.css";
                @if !style.is_empty() { style nonce=(nonce) { (PreEscaped(style)) } }
            }
            body { (body) }
        }
    };
    let policy = format!(
        "default-src 'none'; style-src 'self' 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (status, headers, markup.into_string()).into_response()
}

fn not_found() -> Response {
    let body = html! { main class="desk list" { h1 { "Không có điện thoại này" } p { a href="/phone" { "Danh sách điện thoại thử nghiệm" } } } };
    page(StatusCode::NOT_FOUND, "Không có điện thoại này", None, "", &body)
}

async fn all_phones(State(engine): Shared) -> Response {
    let sims = engine.sims();
    let body = html! {
        main class="desk list" {
            h1 { "Điện thoại thử nghiệm" }
            p { "Mỗi dòng là một SIM ký số của trình giả lập. Khóa và PIN chỉ dùng để thử." }
            ul class="sims" {
                @for sim in &sims {
                    li { a href={ "/phone/" (sim.msisdn) } data-testid="sim" { strong { (sim.name) } span { (grouped(&sim.msisdn)) } } }
                }
                @if sims.is_empty() { li { "Chưa có SIM nào." } }
            }
        }
    };
    page(StatusCode::OK, "Điện thoại thử nghiệm", None, "", &body)
}

#[derive(Deserialize)]
struct PhoneQuery {
    note: Option<String>,
}

async fn phone(State(engine): Shared, Path(msisdn): Path<String>, Query(query): Query<PhoneQuery>) -> Response {
    let Ok((sim, prompts)) = engine.prompts(&msisdn, true) else { return not_found() };
    let now = engine.now();
    let open = prompts.iter().find(|p| p.on_screen(now));
    let left = open.map(|p| p.expires_at.saturating_sub(now).clamp(0, PROMPT_SECONDS));
    // A page with something to type stays, so that it is not lost.
    let idle = if sim.blocked() { 60 } else { 2 };
    let refresh = left.map_or(idle, |l| l.saturating_add(1));
    let style = left.map(countdown_style).unwrap_or_default();
    let body = html! {
        main class="desk" {
            section class="phone" aria-label="Màn hình điện thoại" {
                div class="bar" { span { (clock_text(now)) } span class="notch" aria-hidden="true" {} span { "CTDT Test" } }
                div class="screen" data-testid="screen" {
                    @match open {
                        Some(prompt) => (prompt_view(&sim, prompt, query.note.as_deref())),
                        None => (idle_view(&sim, prompts.first(), query.note.as_deref())),
                    }
                }
            }
            (drawer(&sim, &prompts))
        }
    };
    page(StatusCode::OK, "Điện thoại ký số (thử nghiệm)", Some(refresh), &style, &body)
}

/// The countdown without a script: an animated integer shown by a CSS counter, and a bar.
fn countdown_style(left: i64) -> String {
    let share = left.saturating_mul(100).checked_div(PROMPT_SECONDS).unwrap_or(0);
    format!(
        "@keyframes tick{{from{{--left:{left}}}to{{--left:0}}}}.count{{animation:tick {left}s linear forwards}}\
         @keyframes run{{from{{width:{share}%}}to{{width:0}}}}.left{{animation:run {left}s linear forwards}}"
    )
}

/// A drawing and no emoji: fonts differ.
fn lock() -> Markup {
    html! { svg class="lock" viewBox="0 0 24 24" aria-hidden="true" { path d="M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11" {} } }
}

fn prompt_view(sim: &Subscriber, prompt: &Transaction, note: Option<&str>) -> Markup {
    html! {
        header class="app" { (lock()) h1 { "Ký số SIM PKI" } }
        @if note == Some("wrong-pin") {
            p class="alert" role="alert" data-testid="note" { "Sai mã PIN. Còn " (sim.tries_left()) " lần thử." }
        }
        @if let Some(code) = &prompt.code {
            p class="label" { "Mã xác nhận" }
            p class="code" data-testid="code" { (code) }
            p class="hint" { "So với mã trên màn hình máy tính. Khác nhau thì từ chối." }
        }
        p class="text" data-testid="text" { (prompt.text) }
        div class="meter" aria-hidden="true" { div class="left" {} }
        p class="hint" { "Hết hạn lúc " time { (clock_text(prompt.expires_at)) } " · còn " span class="count" {} " giây" }
        form method="post" action={ "/phone/" (sim.msisdn) "/confirm" } class="pin" {
            input type="hidden" name="id" value=(prompt.id);
            label for="pin" { "Mã PIN ký số" }
            input #pin name="pin" type="password" inputmode="numeric" pattern="[0-9]{4,8}" minlength="4" maxlength="8"
                autocomplete="off" required autofocus data-testid="pin";
            p class="hint" { "Còn " (sim.tries_left()) " lần thử trước khi bị khóa." }
            button class="yes" type="submit" data-testid="confirm" { "Đồng ý" }
        }
        form method="post" action={ "/phone/" (sim.msisdn) "/reject" } {
            input type="hidden" name="id" value=(prompt.id);
            button class="no" type="submit" data-testid="reject" { "Từ chối" }
        }
    }
}

fn idle_view(sim: &Subscriber, last: Option<&Transaction>, note: Option<&str>) -> Markup {
    let message = match note {
        Some("signed") => Some(("good", "Đã đồng ý. Chữ ký đang được gửi đi.")),
        Some("unblocked") => Some(("good", "Đã mở khóa SIM và đặt mã PIN mới.")),
        Some("rejected") => Some(("calm", "Đã từ chối yêu cầu ký.")),
        Some("gone") => Some(("alert", "Yêu cầu này không còn hiệu lực.")),
        _ => None,
    };
    html! {
        header class="app" { (lock()) h1 { "Ký số SIM PKI" } }
        @if sim.blocked() {
            p class="alert" role="alert" data-testid="blocked" { "Mã PIN đã bị khóa vì nhập sai quá số lần cho phép." }
            (puk_form(sim, note))
        } @else if let Some((class, text)) = message {
            p class=(class) role="status" data-testid="note" { (text) }
        }
        div class="idle" data-testid="idle" {
            p class="big" { "Không có yêu cầu ký" }
            p class="hint" { "Màn hình tự làm mới khi có yêu cầu." }
        }
        @if let Some(last) = last { p class="hint" { "Gần nhất: " (state_text(last.state)) " lúc " (clock_text(last.decided_at.unwrap_or(last.created_at))) } }
    }
}

/// How a blocked SIM is opened again: the PUK of the card and a new PIN.
fn puk_form(sim: &Subscriber, note: Option<&str>) -> Markup {
    html! {
        @if note == Some("wrong-puk") { p class="alert" role="alert" data-testid="note" { "Mã PUK hoặc PIN mới không đúng." } }
        form method="post" action={ "/phone/" (sim.msisdn) "/puk" } class="pin" {
            label for="puk" { "Mã PUK (8 chữ số)" }
            input #puk name="puk" type="password" inputmode="numeric" pattern="[0-9]{8}" minlength="8" maxlength="8"
                autocomplete="off" required data-testid="puk";
            label for="new-pin" { "Mã PIN mới (4 đến 8 chữ số)" }
            input #new-pin name="pin" type="password" inputmode="numeric" pattern="[0-9]{4,8}" minlength="4" maxlength="8"
                autocomplete="off" required data-testid="new-pin";
            p class="hint" { "Còn " (sim.puk_tries_left()) " lần nhập PUK." }
            button class="yes" type="submit" data-testid="unblock" { "Mở khóa" }
        }
    }
}

fn drawer(sim: &Subscriber, prompts: &[Transaction]) -> Markup {
    html! {
        aside class="drawer" {
            h2 { (sim.name) }
            p { (grouped(&sim.msisdn)) " · còn " (sim.tries_left()) " lần nhập PIN" }
            form method="post" action={ "/phone/" (sim.msisdn) "/scenario" } {
                label for="scenario" { "Kịch bản thử" }
                select #scenario name="name" data-testid="scenario" {
                    @for (scenario, suffix, text) in Scenario::ALL {
                        option value=(scenario.name()) selected[scenario == sim.scenario] { (scenario_text(suffix, text)) }
                    }
                }
                button type="submit" data-testid="set-scenario" { "Áp dụng" }
            }
            @if !prompts.is_empty() {
                h2 { "Lịch sử" }
                ol class="log" {
                    @for p in prompts.iter().take(8) {
                        li { time { (clock_text(p.created_at)) } " " b { (state_text(p.state)) } span { (p.text) } }
                    }
                }
            }
            p { a href="/phone" { "Điện thoại khác" } }
        }
    }
}

/// With the suffix of the numbers that have it from their enrolment on.
fn scenario_text(suffix: Option<u16>, text: &str) -> String {
    suffix.map_or_else(|| text.to_owned(), |suffix| format!("{suffix:03} · {text}"))
}

fn state_text(state: PromptState) -> &'static str {
    match state {
        PromptState::Pending => "đang chờ",
        PromptState::Confirmed => "đã đồng ý",
        PromptState::Signed => "đã ký",
        PromptState::Rejected => "đã từ chối",
        PromptState::Expired => "hết hạn",
        PromptState::PinBlocked => "bị khóa PIN",
        PromptState::Refused => "không gửi được",
    }
}

/// `+84901234567` as `+84 901 234 567`.
fn grouped(msisdn: &str) -> String {
    let (country, rest) = msisdn.split_at_checked(3).unwrap_or((msisdn, ""));
    let chars: Vec<char> = rest.chars().collect();
    let groups: Vec<String> = chars.chunks(3).map(|c| c.iter().collect()).collect();
    format!("{country} {}", groups.join(" "))
}

/// The hour in Vietnam.
fn clock_text(at: i64) -> String {
    let local =
        jiff::Timestamp::from_second(at).ok().map(|t| t.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(7))));
    local.map(|z| z.strftime("%H:%M:%S").to_string()).unwrap_or_default()
}

/// Back to the phone. Other sites may not press buttons here.
fn back(msisdn: &str, note: &str) -> Response {
    let msisdn = normal_msisdn(msisdn).unwrap_or_default();
    let query = if note.is_empty() { String::new() } else { format!("?note={note}") };
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/phone/{msisdn}{query}"))]).into_response()
}

fn from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

#[derive(Deserialize)]
struct PressForm {
    id: Option<String>,
    pin: Option<String>,
}

async fn confirm(
    State(engine): Shared,
    Path(msisdn): Path<String>,
    headers: HeaderMap,
    Form(form): Form<PressForm>,
) -> Response {
    if from_elsewhere(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let pin = form.pin.unwrap_or_default();
    match engine.press(&msisdn, form.id.as_deref(), Press::Confirm(&pin)) {
        Ok(_) => back(&msisdn, "signed"),
        Err(No::WrongPin(_)) => back(&msisdn, "wrong-pin"),
        Err(No::Refused(_)) => back(&msisdn, ""),
        Err(No::Unknown("phone")) => not_found(),
        Err(_) => back(&msisdn, "gone"),
    }
}

async fn reject(
    State(engine): Shared,
    Path(msisdn): Path<String>,
    headers: HeaderMap,
    Form(form): Form<PressForm>,
) -> Response {
    if from_elsewhere(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match engine.press(&msisdn, form.id.as_deref(), Press::Reject) {
        Ok(_) => back(&msisdn, "rejected"),
        Err(No::Unknown("phone")) => not_found(),
        Err(_) => back(&msisdn, "gone"),
    }
}

#[derive(Deserialize)]
struct PukForm {
    puk: String,
    pin: String,
}

async fn puk(
    State(engine): Shared,
    Path(msisdn): Path<String>,
    headers: HeaderMap,
    Form(form): Form<PukForm>,
) -> Response {
    if from_elsewhere(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match engine.unblock(&msisdn, &form.puk, &form.pin) {
        Ok(_) => back(&msisdn, "unblocked"),
        Err(No::Unknown("phone")) => not_found(),
        Err(_) => back(&msisdn, "wrong-puk"),
    }
}

#[derive(Deserialize)]
struct ScenarioForm {
    name: Scenario,
}

async fn scenario(
    State(engine): Shared,
    Path(msisdn): Path<String>,
    headers: HeaderMap,
    Form(form): Form<ScenarioForm>,
) -> Response {
    if from_elsewhere(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match engine.change(&msisdn, |s| s.scenario = form.name) {
        Ok(_) => back(&msisdn, ""),
        Err(_) => not_found(),
    }
}
