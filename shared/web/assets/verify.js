"use strict";
// Sends what the form would send and shows the answer without a reload. All sentences come from the page.
(() => {
  const form = document.getElementById("drop");
  const input = document.getElementById("file");
  const status = document.getElementById("status");
  const words = form.dataset;
  const same = { createHTML: (text) => text };
  const policy = self.trustedTypes ? trustedTypes.createPolicy("ctdt", same) : same;
  let running = 0;

  function say(text, kind) {
    status.textContent = text;
    status.className = kind ? "status " + kind : "status";
  }

  function dress(result) {
    const print = result.querySelector("[data-print]");
    if (!print) return;
    print.hidden = false;
    print.addEventListener("click", () => self.print());
  }

  function show(text) {
    const page = new DOMParser().parseFromString(policy.createHTML(text), "text/html");
    const result = page.getElementById("result");
    if (!result) return say(words.failed, "trouble");
    const heading = result.querySelector("h2");
    // The attribute is for a page that is loaded; here the focus is moved by hand.
    heading?.removeAttribute("autofocus");
    document.getElementById("result").replaceWith(result);
    dress(result);
    say("");
    heading?.focus();
  }

  async function ask(address, options) {
    const mine = ++running;
    document.getElementById("result").replaceChildren();
    try {
      const answer = await fetch(address, { ...options, headers: { Accept: "text/html" } });
      const text = await answer.text();
      if (mine === running) show(text);
    } catch {
      if (mine === running) say(words.unreachable, "trouble");
    }
  }

  function check() {
    const file = input.files[0];
    if (!file) return;
    if (file.size > Number(words.limit)) {
      running += 1;
      document.getElementById("result").replaceChildren();
      return say(words.large, "trouble");
    }
    say(`${words.busy} ${file.name}…`);
    ask(form.action, { method: "POST", body: new FormData(form) });
  }

  form.classList.add("auto");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  // The same file may be chosen again.
  input.addEventListener("click", () => { input.value = ""; });
  input.addEventListener("change", check);
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    check();
  });
  // A file dropped beside the form would replace the page.
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());

  const register = document.querySelector("a[data-ask]");
  if (register) ask(register.href, {});
  dress(document);
})();
