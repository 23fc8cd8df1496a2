"use strict";
// Sends the calls of the guide and shows the answers, as text only. The token stays in memory. All sentences come from the page.
(() => {
  const bar = document.getElementById("console");
  const words = bar.dataset;
  const lang = document.documentElement.lang;
  const calls = [...document.querySelectorAll("details.call")];
  const token = document.getElementById("token");
  const personas = document.getElementById("as");
  const filter = document.getElementById("filter");
  const TIMEOUT_MS = 60_000;
  const SHOWN_LIMIT = 200_000;
  const SUGGESTED = 50;
  const ID = /^([a-z]+)_[0-7][0-9a-hjkmnp-tv-z]{25}$/;
  const SHOWN_HEADERS = ["ETag", "Location", "Content-Type", "Retry-After", "Allow", "Repr-Digest", "Request-Id"];
  // Words of the samples for kinds whose prefix is shorter.
  const PREFIX = { account: "act", upload: "upl" };

  // The identifiers of each kind, the latest first; what each is called; the last ETag of each.
  const [known, names, etags] = [new Map(), new Map(), new Map()];
  let people = [];
  let freeSlot = "";
  // By how many ms the service's clock is ahead of the browser's.
  let ahead = 0;

  function make(tag, className, ...content) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...content.filter((part) => part !== undefined && part !== ""));
    return element;
  }

  function option(value, text) {
    const element = make("option", "", text);
    element.value = value;
    return element;
  }

  // ── what earlier answers told ──

  function remember(id) {
    const kind = ID.exec(id)?.[1];
    if (!kind) return;
    const others = (known.get(kind) ?? []).filter((other) => other !== id);
    known.set(kind, [id, ...others].slice(0, SUGGESTED));
    let list = document.getElementById(`known-${kind}`);
    if (!list) {
      bar.append((list = make("datalist")));
      list.id = `known-${kind}`;
    }
    list.replaceChildren(...known.get(kind).map((other) => option(other, names.get(other) ?? "")));
  }

  // Every identifier of an answer; what stands first in it is offered first.
  function identifiers(value, found) {
    if (typeof value === "string" && ID.test(value)) found.push(value);
    if (!value || typeof value !== "object") return found;
    const name = value.title ?? value.name ?? value.code;
    if (ID.test(value.id) && typeof name === "string") names.set(value.id, name);
    if (!freeSlot && value.start && value.free > 0) freeSlot = value.start;
    for (const part of Object.values(value)) identifiers(part, found);
    return found;
  }

  function learn(body, headers) {
    const earlier = freeSlot;
    freeSlot = "";
    for (const id of identifiers(body, []).reverse()) remember(id);
    freeSlot ||= earlier;
    const place = headers?.get("location")?.split("/").pop();
    for (const id of [place, body?.id]) remember(id);
  }

  // ── the fields of a form ──

  const fields = (form, place) => [...form.elements].filter((one) => one.dataset.in === place);
  const thing = (form) => fields(form, "path").find((one) => ID.test(one.value))?.value;

  // Only what nobody has changed by hand.
  function fill(field, value) {
    if (!field || field.value !== (field.dataset.filled ?? field.defaultValue)) return;
    field.value = value;
    field.dataset.filled = value;
  }

  function freshKey() {
    // Without https, and not on loopback, browsers have no randomUUID.
    if (crypto.randomUUID) return crypto.randomUUID();
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function sampleValue(placeholder, word) {
    if (word === "now") return new Date(Date.now() + ahead).toISOString();
    if (word === "start") return freeSlot || placeholder;
    return known.get(PREFIX[word] ?? word)?.[0] ?? placeholder;
  }

  function prefillVersion(form) {
    fill(fields(form, "version")[0], etags.get(thing(form)) ?? "");
  }

  function prefill(form) {
    for (const field of fields(form, "path")) {
      const kind = field.getAttribute("list")?.replace("known-", "");
      if (kind) fill(field, known.get(kind)?.[0] ?? "");
    }
    const [key] = fields(form, "key");
    if (key && !key.value) fill(key, freshKey());
    prefillVersion(form);
    const [json] = fields(form, "json");
    if (json) fill(json, json.defaultValue.replace(/<(\w+)>/g, sampleValue));
  }

  function prefillOpen() {
    for (const call of calls) if (call.open) prefill(call.querySelector("form"));
  }

  function tellTime(now) {
    const difference = Date.parse(now) - Date.now();
    if (Number.isFinite(difference)) ahead = difference;
  }

  async function fetched(address) {
    const answer = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  }

  // A sandbox's clock can be moved; its Date headers tell the machine's time all the same.
  async function askTime() {
    const { now } = await fetched(words.clock).catch(() => ({}));
    tellTime(now);
    prefillOpen();
  }

  // ── who calls ──

  function caller() {
    if (token.value.trim()) return { token: token.value.trim(), name: words.pasted };
    const person = people.find((one) => one.key === personas.value);
    return person && { token: person.token, name: `${person.name} (${person.key})`, sample: true };
  }

  function showCaller() {
    const name = caller()?.name;
    for (const place of document.querySelectorAll("[data-caller]")) {
      const kind = place.dataset.caller;
      place.textContent = name ? `${words[`${kind}as`]}: ${name}` : words[`${kind}nobody`];
    }
  }

  // Also when their tokens have ended, as all do when the clock is moved: the choice stays. Gives what to say of it.
  async function loadPeople() {
    const first = !people.length;
    try {
      const [list] = await Promise.all([fetched(words.personas), askTime()]);
      people = list.data;
      if (!first) return words.renewed;
      learn(list);
      personas.append(...people.map((person) => option(person.key, `${person.key} · ${person.name}`)));
    } catch {
      if (first) personas.options[0].textContent = words.nopersonas;
    }
    return words.nopersonas;
  }

  // ── the request ──

  // What keeps a request from being sent, in the page's words.
  class Unsent extends Error {}

  function content(form) {
    const [file] = fields(form, "file");
    if (file && form.elements.kind?.value !== "json") {
      const chosen = file.files[0];
      if (!chosen) throw new Unsent(words.nofile);
      return { type: chosen.type || "application/octet-stream", body: chosen };
    }
    const text = fields(form, "json")[0]?.value.trim();
    if (!text) return {};
    try {
      JSON.parse(text);
    } catch (error) {
      throw new Unsent(`${words.unsent} (${error.message})`);
    }
    return { type: "application/json", body: text };
  }

  function request(form) {
    const { type, body } = content(form);
    const value = Object.fromEntries(fields(form, "path").map((one) => [one.name, one.value.trim()]));
    const path = form.dataset.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(value[name]));
    const query = fields(form, "query").filter((one) => one.value).map((one) => [one.name, one.value]);
    const headers = { "Accept-Language": lang };
    const by = "open" in form.dataset ? undefined : caller();
    if (by) headers.Authorization = `Bearer ${by.token}`;
    for (const one of [...fields(form, "key"), ...fields(form, "version")]) {
      if (one.value.trim()) headers[one.name] = one.value.trim();
    }
    if (type) headers["Content-Type"] = type;
    const address = new URL(path, location.origin);
    address.search = new URLSearchParams(query);
    return { method: form.dataset.method, address, headers, body, sample: by?.sample };
  }

  const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

  function curl({ method, address, headers, body }) {
    const lines = Object.entries(headers).map(([name, value]) =>
      name === "Authorization" ? '-H "Authorization: Bearer $TOKEN"' : `-H ${quoted(`${name}: ${value}`)}`);
    if (body instanceof File) lines.push(`--data-binary ${quoted(`@${body.name}`)}`);
    else if (body) lines.push(`-d ${quoted(body)}`);
    return [`curl -sS${method === "GET" ? "" : ` -X ${method}`} ${quoted(address)}`, ...lines].join(" \\\n  ");
  }

  // ── the answer ──

  function say(form, kind, number, text, ...more) {
    const line = make("p", "", make("strong", `number ${kind}`, number), " ", text);
    form.querySelector(".said").replaceChildren(line, ...more);
  }

  function copyable(title, text) {
    const button = make("button", "copy", words.copy);
    button.type = "button";
    const code = make("code", "", text);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = words.copied;
      } catch {
        getSelection().selectAllChildren(code);
      }
    });
    const shown = make("pre", "", code);
    shown.tabIndex = 0;
    return [make("div", "titled", make("h4", "", title), button), shown];
  }

  function download(form, blob, name) {
    URL.revokeObjectURL(form.dataset.blob);
    form.dataset.blob = URL.createObjectURL(blob);
    const link = make("a", "download", `${words.download} ${name} (${blob.size.toLocaleString(lang)} B)`);
    link.href = form.dataset.blob;
    link.download = name;
    return link;
  }

  async function read(answer) {
    const blob = await answer.blob();
    const type = answer.headers.get("content-type") ?? "";
    if (!/json|^text\//.test(type)) return { blob };
    const text = await blob.text();
    if (!type.includes("json")) return { text };
    try {
      const json = JSON.parse(text);
      return { json, text: JSON.stringify(json, null, 2) };
    } catch {
      return { text, unread: true };
    }
  }

  function headerList(headers) {
    const present = SHOWN_HEADERS.filter((name) => headers.has(name));
    return make("dl", "", ...present.map((name) =>
      make("div", "", make("dt", "", name), make("dd", "", make("code", "", headers.get(name))))));
  }

  function told(answer, { json, unread }) {
    const lines = [];
    const problem = !answer.ok && json?.code ? json : {};
    if (problem.detail && problem.detail !== problem.title) lines.push(make("p", "", problem.detail));
    for (const { code, ...place } of problem.errors ?? []) {
      lines.push(make("p", "", make("code", "", `${Object.values(place).join(" ")}: ${code}`)));
    }
    if (problem.action) lines.push(make("p", "", make("strong", "", words.action), " ", problem.action));
    if (unread) lines.push(make("p", "", words.unread));
    const title = problem.title ?? words[answer.status] ?? (answer.ok ? words[200] : answer.statusText);
    return { title, lines };
  }

  function show(form, asked, answer, content, took) {
    const { title, lines } = told(answer, content);
    const time = make("span", "took", `${Math.round(took)} ms`);
    say(form, answer.ok ? "good" : "bad", answer.status, title, ...lines);
    form.querySelector(".said p").append(" ", time);
    const parts = [headerList(answer.headers)];
    if (content.text) parts.push(...copyable(words.body, content.text.slice(0, SHOWN_LIMIT)));
    if (content.blob?.size) parts.push(download(form, content.blob, asked.address.pathname.split("/").pop()));
    const put = content.json?.put;
    if (put?.url) parts.push(...copyable(words.store, upload(put)));
    form.querySelector(".got").replaceChildren(...parts, ...copyable(words.sent, curl(asked)));
  }

  // The store has an origin of its own, which the page's policy does not let it speak to. curl counts the length itself.
  function upload({ method, url, headers: { "content-length": _, ...headers } }) {
    return curl({ method, address: url, headers, body: new File([], "tep") });
  }

  // What an answer changes for the next calls.
  function follow(form, asked, answer, { json }) {
    learn(json, answer.headers);
    if (!words.clock) tellTime(answer.headers.get("date"));
    const here = thing(form);
    const about = answer.ok && ID.test(json?.id) ? json.id : here;
    // A part was added: the whole has another version now, and nobody said which.
    if (asked.method !== "GET" && about !== here) etags.delete(here);
    const etag = answer.headers.get("etag") ?? json?.current_etag;
    if (etag && about) etags.set(about, etag);
    // A key stands for one request. It stays only while nobody knows what came of it, or when it was written by hand.
    const decided = answer.status < 500 && json?.code !== "request-in-progress";
    if (decided) fill(fields(form, "key")[0], freshKey());
    prefillOpen();
  }

  async function exchange(form, asked) {
    const began = performance.now();
    const { method, address, headers, body } = asked;
    const options = { method, headers, body, redirect: "manual", cache: "no-store", credentials: "omit" };
    const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.type === "opaqueredirect") {
      say(form, "good", form.dataset.status.startsWith("3") ? form.dataset.status : "3xx", words.redirect);
      return;
    }
    const content = await read(answer);
    show(form, asked, answer, content, performance.now() - began);
    follow(form, asked, answer, content);
    if (answer.status === 401 && asked.sample) form.querySelector(".said").append(make("p", "", await loadPeople()));
  }

  async function send(form) {
    if (form.ariaBusy === "true") return;
    const got = form.querySelector(".got");
    got.replaceChildren();
    try {
      const asked = request(form);
      say(form, "", "", words.sending);
      got.replaceChildren(...copyable(words.sent, curl(asked)));
      form.ariaBusy = "true";
      await exchange(form, asked);
    } catch (error) {
      const why = error instanceof Unsent ? error.message : error.name === "TimeoutError" ? words.late : words.unreachable;
      say(form, "bad", "!", why);
    }
    form.ariaBusy = "false";
    form.querySelector(".said").scrollIntoView({ block: "nearest" });
  }

  // ── which calls are shown ──

  // Without marks, so that "ho so" finds «hồ sơ».
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d");

  function sift() {
    const wanted = plain(filter.value).split(/\s+/).filter(Boolean);
    for (const call of calls) {
      const text = plain(call.querySelector("summary").textContent);
      call.hidden = !wanted.every((word) => text.includes(word));
    }
    for (const chapter of document.querySelectorAll(".chapter:has(.call)")) {
      chapter.hidden = !chapter.querySelector(".call:not([hidden])");
    }
    const count = calls.filter((call) => !call.hidden).length;
    document.getElementById("found").textContent = `${count}/${calls.length} ${words.found}`;
  }

  function openLinked() {
    const call = document.getElementById(location.hash.slice(1));
    if (!calls.includes(call)) return;
    if (call.hidden) {
      filter.value = "";
      sift();
    }
    call.open = true;
    call.scrollIntoView();
    call.querySelector("summary").focus({ preventScroll: true });
  }

  // ── begin ──

  for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;
  document.documentElement.classList.add("scripted");
  for (const call of calls) {
    const form = call.querySelector("form");
    call.addEventListener("toggle", () => {
      if (!call.open) return;
      prefill(form);
      if (words.clock && form.elements.body?.defaultValue.includes("<now>")) askTime();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
    form.addEventListener("change", (event) => {
      if (event.target.name !== "kind") return;
      for (const place of ["file", "json"]) {
        fields(form, place)[0].closest("label").hidden = place !== event.target.value;
      }
    });
    for (const field of fields(form, "path")) field.addEventListener("input", () => prefillVersion(form));
  }
  token.addEventListener("input", showCaller);
  personas?.addEventListener("change", () => {
    token.value = "";
    showCaller();
  });
  filter.addEventListener("input", () => {
    sift();
    // Where the field stays in sight, what it found comes into sight, too.
    if (filter.value && getComputedStyle(bar).position === "sticky") {
      document.querySelector(".chapter:not([hidden]):has(.call)")?.scrollIntoView();
    }
  });
  self.addEventListener("hashchange", openLinked);
  sift();
  showCaller();
  openLinked();
  if (personas) loadPeople();
})();
