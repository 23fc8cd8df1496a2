"""The console under /docs: whoever reads about a call can send it, see the answer, and go on with what it gave."""

import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

import job
from test_access import OPTIONS
from test_pages import NARROW

# Chromium reports every refusal on its console, whoever asked for it; here refusals are part of the work.
REFUSAL = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
SECRET = re.compile(r"eyJ[\w-]{8}")


@pytest.fixture
def docs(chromium, stack):
    """The page of a Vietnamese visitor; forgives nothing but refusals, and keeps every request."""
    context = chromium.new_context(base_url=stack, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")
    page = context.new_page()
    page.asked, page.answered, page.troubles = [], [], []
    page.on("request", lambda one: page.asked.append(one))
    # Chromium tells of the address behind a redirect although it does not go there.
    page.on("response", lambda one: page.answered.append(one.url))
    page.on("console", lambda line: page.troubles.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    opened(page)
    yield page
    kept = page.evaluate("JSON.stringify([location.href, {...localStorage}, {...sessionStorage}, document.cookie])")
    foreign = [url for url in page.answered if urlsplit(url).netloc not in ("", urlsplit(stack).netloc)]
    told = [one.url for one in page.asked if SECRET.search(one.url)]
    context.close()
    assert not SECRET.search(kept), kept
    assert not foreign and not told, (foreign, told)
    troubles = [line for line in page.troubles if not REFUSAL.match(line)]
    assert not troubles, troubles


def opened(page, address="/docs"):
    page.goto(address)
    # The sample people come after the page.
    page.locator("#as option").nth(10).wait_for(state="attached")


def acts(page, key):
    page.get_by_test_id("as").select_option(label=next(
        text for text in page.locator("#as option").all_inner_texts() if text.startswith(f"{key} · ")
    ))


def call(page, anchor):
    """Opens a call as its link does; gives its form."""
    page.evaluate("(anchor) => { location.hash = anchor }", anchor)
    form = page.locator(f"#{anchor} form")
    form.wait_for()
    return form


def sent(form):
    """Sends the form; gives what is said of the answer."""
    form.locator("button[type=submit]").click()
    form.locator(".said .number:not(:empty)").wait_for()
    return form.get_by_test_id("said").inner_text()


def received(page):
    """Receives a case as the clerk; gives its identifier."""
    acts(page, "clerk")
    form = call(page, "post-v1-cases")
    assert "201 Đã tạo" in sent(form)
    return re.search(r"case_[0-9a-z]{26}", form.get_by_test_id("got").inner_text()).group()


def test_a_list_is_fetched_as_one_of_the_sample_people(docs):
    acts(docs, "clerk")
    form = call(docs, "get-v1-queues-queue")
    assert form.locator("[data-caller]").inner_text() == "Gửi với tư cách: Lê Văn Tiếp (clerk)"
    assert sent(form).startswith("200 Thành công")
    got = form.get_by_test_id("got").inner_text()
    assert '"data": [' in got and "application/json" in got and "req_" in got
    assert "$TOKEN" in got and "/v1/queues/create" in got and not SECRET.search(got)
    assert docs.asked[-1].headers["authorization"].startswith("Bearer ey")


def test_an_open_call_sends_no_token(docs):
    acts(docs, "clerk")
    form = call(docs, "get-v1-units")
    assert sent(form).startswith("200")
    assert "authorization" not in docs.asked[-1].headers
    assert "$TOKEN" not in form.get_by_test_id("got").inner_text()


def test_a_pasted_token_is_used(docs, api):
    docs.get_by_test_id("token").fill(api.people["leader"]["token"])
    assert '"Nguyễn Văn Ký"' in answer_of(call(docs, "get-v1-me"))


def answer_of(form):
    assert sent(form).startswith("200")
    return form.get_by_test_id("got").inner_text()


def test_a_refusal_says_what_and_what_to_do(docs):
    acts(docs, "clerk")
    form = call(docs, "post-v1-cases")
    form.locator("[name=body]").fill('{"basis": "x"}')
    key = form.locator("[name=Idempotency-Key]").input_value()
    said = sent(form)
    assert "422 Dữ liệu chưa hợp lệ" in said and "/basis: unknown_value" in said
    assert "Việc cần làm: Sửa các mục nêu ở «errors» rồi gửi lại." in said
    # The house keeps a refusal under its key, so the corrected body needs another one.
    assert form.locator("[name=Idempotency-Key]").input_value() not in ("", key)


def test_what_is_no_json_is_not_sent(docs):
    form = call(docs, "post-v1-cases")
    form.locator("[name=body]").fill("{")
    before = len(docs.asked)
    assert "Chưa gửi: nội dung không phải JSON." in sent(form)
    assert len(docs.asked) == before


def test_what_was_made_is_offered_to_later_calls(docs):
    case = received(docs)
    form = call(docs, "get-v1-cases-id")
    field = form.locator("[name=id]")
    assert field.get_attribute("list") == "known-case"
    assert docs.locator("#known-case option").first.get_attribute("value") == case
    assert field.input_value() == case, "the latest one is filled in"
    assert sent(form).startswith("200")
    change = call(docs, "put-v1-cases-id-checklist")
    assert change.locator("[name=If-Match]").input_value() == '"1"'
    assert sent(change).startswith("200")
    assert change.locator("[name=If-Match]").input_value() == '"2"'


def test_what_a_person_wrote_is_not_overwritten(docs):
    form = call(docs, "get-v1-cases-id")
    form.locator("[name=id]").fill("case_cua_toi")
    received(docs)
    call(docs, "get-v1-cases-id")
    assert form.locator("[name=id]").input_value() == "case_cua_toi"


def test_samples_are_completed_with_what_is_known(docs):
    assert sent(call(docs, "get-v1-units")).startswith("200")
    assert sent(call(docs, "get-v1-units-id-slots")).startswith("200")
    acts(docs, "portal")
    form = call(docs, "post-v1-appointments")
    body = form.locator("[name=body]").input_value()
    assert "<" not in body and '"unit_01' in body and '"act_01' in body, body
    assert "201 Đã tạo" in sent(form)


def test_a_file_is_judged_and_json_may_be_sent_instead(docs):
    form = call(docs, "post-v1-verifications")
    assert "Chưa gửi: hãy chọn một tệp." in sent(form)
    chosen = {"name": "a'b.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 hello"}
    form.locator("[name=file]").set_input_files(chosen)
    assert sent(form).startswith("200")
    assert "--data-binary '@a'\\''b.pdf'" in form.get_by_test_id("got").inner_text()
    form.get_by_label("JSON", exact=True).check()
    assert form.locator("[name=body]").is_visible() and form.locator("[name=file]").is_hidden()


def test_what_is_no_text_is_a_download(docs):
    form = call(docs, "get-assets-name")
    form.locator("[name=name]").fill("icon.svg")
    assert sent(form).startswith("200")
    with docs.expect_download() as waited:
        form.locator("a.download").click()
    assert waited.value.suggested_filename == "icon.svg"
    assert re.search(r"icon\.svg \(\d+ B\)", form.locator("a.download").inner_text())


def test_an_answer_is_text_whatever_is_in_it(docs):
    form = call(docs, "get-docs")
    assert sent(form).startswith("200")
    got = form.get_by_test_id("got")
    assert "<form" in got.inner_text() and got.locator("form").count() == 0


def test_the_filter_leaves_what_is_looked_for(docs):
    docs.get_by_test_id("filter").fill("tiep nhan ho so post")
    shown = docs.locator("details.call:visible")
    assert shown.count() == 0, "every word must be there"
    for words in ["dat lich hen", "POST book"]:
        docs.get_by_test_id("filter").fill(words)
        assert shown.evaluate_all("(all) => all.map((one) => one.id)") == ["post-v1-appointments"]
    assert docs.locator("#found").inner_text().startswith("1/")
    call(docs, "get-v1-me")
    assert docs.get_by_test_id("filter").input_value() == "", "a link shows its call"


def test_a_link_opens_its_call(docs):
    docs.goto("/docs#post-v1-cases-id-fee")
    docs.reload()
    assert docs.locator("#post-v1-cases-id-fee form").is_visible()
    assert docs.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_nobody_answers(docs):
    form = call(docs, "get-v1-units")
    docs.route("**/v1/units", lambda route: route.abort())
    assert "Không liên lạc được máy chủ." in sent(form)
    docs.unroute("**/v1/units")
    docs.route("**/v1/units", lambda route: route.fulfill(body="<oh>", content_type="application/json"))
    said = sent(form)
    assert "không đọc được" in said and "<oh>" in form.get_by_test_id("got").inner_text()
    docs.unroute("**/v1/units")
    docs.evaluate("AbortSignal.timeout = () => AbortSignal.abort(new DOMException('late', 'TimeoutError'))")
    assert "Sau 60 giây vẫn chưa có câu trả lời." in sent(form)
    docs.troubles[:] = [line for line in docs.troubles if "net::ERR_FAILED" not in line]


def test_a_key_stays_while_nobody_knows_what_came_of_it(docs):
    acts(docs, "clerk")
    form = call(docs, "post-v1-cases")
    key = form.locator("[name=Idempotency-Key]")
    first = key.input_value()
    docs.route("**/v1/cases", lambda route: route.abort())
    sent(form)
    docs.unroute("**/v1/cases")
    assert key.input_value() == first
    assert "201 Đã tạo" in sent(form)
    assert docs.asked[-1].headers["idempotency-key"] == first != key.input_value()
    key.fill("khoa-cua-toi")
    assert "201 Đã tạo" in sent(form)
    assert key.input_value() == "khoa-cua-toi", "what was written by hand stays, to be sent again"
    docs.troubles[:] = [line for line in docs.troubles if "net::ERR_FAILED" not in line]


def test_a_copy_is_seen_and_its_file_explained(docs, api):
    """The file lies in a store of its own origin, which the page may not read; it says how to get it."""
    copy = job.submitted(api)
    session = job.asked(api, copy)["id"]
    leader = api.people["leader"]
    api.post(f"/v1/sandbox/phones/{leader['phone']}/confirm", {"pin": leader["pin"]})
    job.until_done(api, session, "leader")
    job.sealed(api, copy)
    acts(docs, "clerk")
    form = call(docs, "get-v1-copies-id-file")
    form.locator("[name=id]").fill(copy)
    assert sent(form).startswith("303 Chuyển tới địa chỉ khác.")
    assert f"/v1/copies/{copy}/file" in form.get_by_test_id("got").inner_text()
    form = call(docs, "get-v1-copies-id-preview-pdf")
    form.locator("[name=id]").fill(copy)
    assert sent(form).startswith("200")
    assert form.locator("a.download").inner_text().startswith("Tải về preview.pdf (")


def test_the_console_speaks_english(docs):
    opened(docs, "/docs?lang=en")
    acts(docs, "citizen")
    said = sent(call(docs, "get-v1-queues-queue"))
    assert "What to do:" in said and re.match(r"40[34] ", said), said


def test_a_call_is_sent_by_keyboard(docs):
    acts(docs, "clerk")
    call(docs, "get-v1-me")
    for _ in range(4):
        docs.keyboard.press("Tab")
        if docs.evaluate("document.activeElement.type") == "submit":
            break
    docs.keyboard.press("Enter")
    docs.locator("#get-v1-me .number:not(:empty)").wait_for()
    assert docs.locator("#get-v1-me .said").inner_text().startswith("200")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_forms_and_answers(docs, scheme):
    docs.emulate_media(color_scheme=scheme)
    received(docs)
    sent(call(docs, "get-v1-cases-id"))
    sent(call(docs, "post-v1-verifications"))
    acts(docs, "citizen")
    sent(call(docs, "get-v1-queues-queue"))
    result = Axe().run(docs, options=OPTIONS)
    found = [f"{one['id']}: {one['nodes'][0]['html']}" for one in result.response["violations"]]
    assert not found, found


def test_forms_and_answers_fit_a_narrow_screen(docs):
    docs.set_viewport_size(NARROW)
    received(docs)
    sent(call(docs, "get-v1-cases-id"))
    call(docs, "post-v1-verifications")
    width = docs.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW["width"], f"the page is {width} px wide"
    small = docs.evaluate(
        """() => [...document.querySelectorAll(".console :is(input, select), details[open] form :is(input:not([type=radio]), textarea, button)")]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
    )
    assert not small, small


def test_without_scripts_it_stays_a_guide(chromium, stack):
    context = chromium.new_context(base_url=stack, locale="vi-VN", java_script_enabled=False)
    page = context.new_page()
    page.goto("/docs")
    page.locator("#post-v1-cases summary").click()
    assert page.locator("#post-v1-cases pre").first.is_visible()
    assert page.locator("form:visible").count() == 0 and page.get_by_test_id("console").is_hidden()
    context.close()
