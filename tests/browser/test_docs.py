"""The console under /docs: whoever reads about a call can send it, see the answer, and go on with what it gave."""

import json
import re
import signal
import subprocess
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

import job
from conftest import ready
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
    if key is None:
        page.get_by_test_id("as").select_option(value="")
        return
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
    assert form.locator(".as").inner_text() == "Không cần mã truy cập"


def test_a_kept_verification_is_read_again_by_whom_it_was_kept_for(docs, api):
    form = call(docs, "post-v1-verifications")
    whose = form.locator("[data-caller]")
    assert whose.inner_text() == "Mã truy cập không bắt buộc; gửi không kèm mã"
    acts(docs, "clerk")
    assert whose.inner_text() == "Mã truy cập không bắt buộc; gửi với tư cách: Lê Văn Tiếp (clerk)"
    form.locator("[name=retain]").fill("report")
    form.locator("[name=file]").set_input_files({"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 hello"})
    report = re.search(r"vrf_[0-9a-z]{26}", answer_of(form)).group()
    assert "$TOKEN" in form.get_by_test_id("got").inner_text()
    calls = [call(docs, "get-v1-verifications-id"), call(docs, "get-v1-verifications-id-report-pdf")]
    assert [one.locator("[name=id]").input_value() for one in calls] == [report, report]
    for key, said in [("clerk", "200"), ("officer", "404"), (None, "401")]:
        acts(docs, key)
        for one in calls:
            assert sent(one).startswith(said), (key, said)
            assert ("$TOKEN" in one.get_by_test_id("got").inner_text()) == (key is not None)
            assert ("authorization" in docs.asked[-1].headers) == (key is not None)
            assert "lấy mã mới" not in one.get_by_test_id("said").inner_text()
    docs.get_by_test_id("token").fill(api.people["clerk"]["token"])
    assert whose.inner_text() == "Mã truy cập không bắt buộc; gửi với tư cách: mã đã dán"
    assert sent(calls[0]).startswith("200")


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
    form = call(docs, "post-v1-verifications")
    form.get_by_label("JSON", exact=True).check()
    form.locator("[name=body]").fill(json.dumps({"copy_id": copy, "retain": "report"}))
    assert '"id": "vrf_' in answer_of(form)
    acts(docs, None)
    assert sent(form).startswith("401 ")


class TestTheClockIsMoved:
    """In a house of its own: a clock is moved for everybody."""

    ADVANCE_S = 20 * 86_400

    @pytest.fixture
    def stack(self, request):
        command = [request.config.getoption("--ctdt"), "dev", "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            yield ready(process)
        finally:
            process.send_signal(signal.SIGTERM)
            _, trouble = process.communicate(timeout=15)
        assert process.returncode == 0, trouble

    def moved(self, stack):
        return job.Api(stack).post("/v1/sandbox/clock", {"advance_s": self.ADVANCE_S}).body["now"]

    def test_fresh_tokens_are_fetched(self, docs, stack):
        case = received(docs)
        assert sent(call(docs, "get-v1-cases-id")).startswith("200")
        form = call(docs, "get-v1-me")
        assert sent(form).startswith("200")
        before = docs.asked[-1].headers["authorization"]
        self.moved(stack)
        assert sent(form).startswith("401 ")
        form.get_by_text("trang vừa lấy mã mới. Hãy gửi lại.").wait_for()
        assert form.locator("[data-caller]").inner_text() == "Gửi với tư cách: Lê Văn Tiếp (clerk)"
        assert docs.get_by_test_id("as").input_value() == "clerk"
        said = sent(form)
        assert said.startswith("200") and "lấy mã mới" not in said
        assert docs.asked[-1].headers["authorization"] not in ("", before)
        change = call(docs, "put-v1-cases-id-checklist")
        assert change.locator("[name=id]").input_value() == case
        assert change.locator("[name=If-Match]").input_value() == '"1"'
        assert sent(change).startswith("200")

    def test_a_pasted_token_is_not_fetched_again(self, docs, stack):
        docs.get_by_test_id("token").fill(job.Api(stack).people["clerk"]["token"])
        self.moved(stack)
        form = call(docs, "get-v1-me")
        before = len(docs.asked)
        assert sent(form).startswith("401 ")
        assert len(docs.asked) == before + 1 and "lấy mã mới" not in form.get_by_test_id("said").inner_text()

    def test_now_is_the_time_of_the_service(self, docs, stack):
        form = call(docs, "post-v1-cases-id-fee")
        now = datetime.fromisoformat(self.moved(stack))
        docs.evaluate("document.querySelector('#post-v1-cases-id-fee').open = false")
        with docs.expect_response("**/v1/sandbox/clock"):
            docs.locator("#post-v1-cases-id-fee summary").click()
        shown = form.locator("[name=body]")
        job.wait(lambda: abs(paid(shown) - now) < timedelta(minutes=5), "the service's time")


def paid(field):
    return datetime.fromisoformat(json.loads(field.input_value())["paid_at"])


def test_without_the_clock_of_a_sandbox_the_date_of_the_last_answer_is_now(docs):
    docs.evaluate("delete document.getElementById('console').dataset.clock")
    form = call(docs, "post-v1-cases-id-fee")
    date = {"Date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    docs.route("**/v1/units", lambda route: route.fulfill(json={}, headers=date))
    assert sent(call(docs, "get-v1-units")).startswith("200")
    assert paid(form.locator("[name=body]")).isoformat().startswith("2015-10-21T07:28:")


def test_the_people_cannot_be_fetched_again(docs):
    acts(docs, "clerk")
    docs.route("**/v1/me", lambda route: route.fulfill(status=401, json={}))
    docs.route("**/v1/sandbox/personas", lambda route: route.fulfill(status=503, json={}))
    form = call(docs, "get-v1-me")
    sent(form)
    form.get_by_text("Không lấy được người dùng mẫu; hãy dán một mã truy cập.").wait_for()
    assert form.locator("[data-caller]").inner_text() == "Gửi với tư cách: Lê Văn Tiếp (clerk)"
    docs.troubles[:] = [line for line in docs.troubles if "status of 503" not in line]


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
