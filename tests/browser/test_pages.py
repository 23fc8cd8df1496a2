"""What a person does with the pages: confirm on the phone, check a file, on any screen."""

import base64

import pytest

import job

NARROW = {"width": 320, "height": 640}


@pytest.fixture(scope="session")
def copy_file(chromium, stack, api):
    """The main job once; the leader's phone is the page, in a browser context of its own."""
    copy = job.submitted(api)
    session = job.asked(api, copy)
    leader = api.people["leader"]
    context = chromium.new_context(base_url=stack, locale="vi-VN", viewport={"width": 900, "height": 760})
    phone = context.new_page()
    troubles = []
    phone.on("console", lambda line: troubles.append(line.text) if line.type == "error" else None)
    phone.on("pageerror", lambda error: troubles.append(str(error)))
    phone.goto("/phone")
    phone.get_by_test_id("sim").filter(has_text=leader["name"]).click()
    phone.get_by_test_id("pin").wait_for()
    seen = {"code": phone.get_by_test_id("code").inner_text(), "text": phone.get_by_test_id("text").inner_text()}
    shot = phone.screenshot(full_page=True)
    phone.get_by_test_id("pin").fill(leader["pin"])
    phone.get_by_test_id("confirm").click()
    phone.get_by_test_id("note").wait_for()
    seen["note"] = phone.get_by_test_id("note").inner_text()
    context.close()
    job.until_done(api, session["id"], "leader")
    return {"data": job.sealed(api, copy), "session": session, "phone": seen, "shot": shot, "troubles": troubles}


def drop(page, data, name):
    """Lets a file fall on the page, as from a folder window."""
    carried = page.evaluate_handle(
        """([data, name]) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], name, { type: "application/pdf" }));
            return carried;
        }""",
        [base64.b64encode(data).decode(), name],
    )
    page.dispatch_event("[data-testid=drop]", "drop", {"dataTransfer": carried})
    page.get_by_test_id("verdict").wait_for()
    return page.get_by_test_id("verdict").inner_text().strip()


def altered(data):
    """One byte in the middle of what the leader signed."""
    changed = bytearray(data)
    changed[len(changed) // 4] ^= 0x20
    return bytes(changed)


def test_the_phone_shows_the_prompt_and_takes_the_pin(copy_file, picture):
    phone = copy_file["phone"]
    assert phone["code"].strip() == copy_file["session"]["verification_code"]
    assert phone["text"].strip()
    assert "Đã đồng ý" in phone["note"]
    assert not copy_file["troubles"], copy_file["troubles"]
    picture(copy_file["shot"], "dien-thoai.png")


def test_a_good_copy_is_called_valid(page, copy_file, picture):
    page.goto("/verify")
    assert drop(page, copy_file["data"], "ban-sao.pdf") == "HỢP LỆ"
    assert page.evaluate("document.activeElement.dataset.testid") == "verdict", "the focus moves to the verdict"
    picture(page.screenshot(full_page=True), "kiem-tra.png")


def test_an_address_can_be_left_before_the_file_is_checked(page, copy_file):
    """The whole box takes files; a click on this field must reach the field."""
    page.goto("/verify")
    field = page.get_by_test_id("notify")
    field.click()
    page.keyboard.type("mau@example.com")
    assert field.input_value() == "mau@example.com"
    assert field.bounding_box()["height"] >= 44
    assert drop(page, copy_file["data"], "ban-sao.pdf") == "HỢP LỆ"


def test_an_altered_copy_is_called_invalid(page, copy_file):
    page.goto("/verify")
    assert drop(page, altered(copy_file["data"]), "ban-sao-sua.pdf") == "KHÔNG HỢP LỆ"


def test_the_file_can_be_chosen_without_dragging(page, copy_file):
    page.goto("/verify")
    chosen = {"name": "ban-sao.pdf", "mimeType": "application/pdf", "buffer": copy_file["data"]}
    page.get_by_test_id("file").set_input_files(chosen)
    page.get_by_test_id("verdict").wait_for()
    assert page.get_by_test_id("verdict").inner_text().strip() == "HỢP LỆ"


def test_the_page_works_without_scripts(chromium, stack, copy_file):
    context = chromium.new_context(base_url=stack, locale="vi-VN", java_script_enabled=False)
    page = context.new_page()
    page.goto("/verify")
    chosen = {"name": "ban-sao.pdf", "mimeType": "application/pdf", "buffer": copy_file["data"]}
    page.get_by_test_id("file").set_input_files(chosen)
    page.locator("#drop button[type=submit]").click()
    assert page.get_by_test_id("verdict").inner_text().strip() == "HỢP LỆ"
    context.close()


def test_the_verdict_is_said_in_english_too(page, copy_file):
    page.goto("/verify?lang=en")
    assert drop(page, copy_file["data"], "ban-sao.pdf").upper() == "VALID"


def test_what_is_no_pdf_gets_a_verdict_too(page):
    page.goto("/verify")
    assert drop(page, b"hello", "a.pdf") != "HỢP LỆ"


@pytest.mark.parametrize("path", ["/", "/verify", "/docs", "/phone"])
def test_a_narrow_screen_needs_no_sideways_scrolling(page, path):
    """WCAG 2.2, 1.4.10: content reflows at 320 CSS pixels."""
    page.set_viewport_size(NARROW)
    page.goto(path)
    assert_fits(page)


def test_the_verdict_fits_a_narrow_screen(page, copy_file):
    page.set_viewport_size(NARROW)
    page.goto("/verify")
    drop(page, copy_file["data"], "ban-sao.pdf")
    assert_fits(page)


def assert_fits(page):
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW["width"], f"the page is {width} px wide"
