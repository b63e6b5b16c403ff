/* Money against documents: what is ticked, what is left, and the keys of the matching screen. Changes nothing by itself. */
(() => {
  "use strict";
  const all = (selector, root) => [...root.querySelectorAll(selector)];
  const placesOf = (currency) => new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;

  /* BigInt of minor units, or null for what is no plain amount; the server reads more spellings than this. */
  const read = (text, places) => {
    const found = /^(\d[\d, ]*)(?:\.(\d+))?$/.exec(text.trim().replace(/[\uff10-\uff19]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0)));
    if (!found || (found[2] || "").length > places) return null;
    return BigInt(found[1].replace(/[, ]/g, "") + (found[2] || "").padEnd(places, "0"));
  };
  const write = (minor, currency, places) => {
    /* The sign that the server writes: of the language, and close to the digits. */
    const sign = currency && new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).formatToParts(0).find(({ type }) => type === "currency").value;
    const digits = minor.toString().padStart(places + 1, "0");
    const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, ",");
    return `${sign}${whole}${places ? "." + digits.slice(-places) : ""}`;
  };

  const recount = (box) => {
    const { currency, amountField, available } = box.dataset;
    let places;
    try { places = placesOf(currency); } catch { return; }
    const money = available !== undefined ? BigInt(available) : read(document.querySelector(`[name="${amountField}"]`)?.value || "", places);
    const out = box.querySelector("[data-difference]");
    if (money === null) return;
    const rows = all("tbody > tr", box).map((row) => ({ tick: row.querySelector("[data-pick]"), field: row.querySelector("[data-pick-amount]") }));
    const typed = rows.map(({ field }) => (field.value.trim() ? read(field.value, places) : null));
    let rest = money - typed.reduce((sum, minor) => sum + (minor || 0n), 0n);
    let taken = money - rest;
    rows.forEach(({ tick, field }, at) => {
      if (field.value.trim() || !tick.checked) { field.placeholder = ""; return; }
      const open = BigInt(tick.dataset.open);
      const minor = rest <= 0n ? 0n : open < rest ? open : rest;
      rest -= minor; taken += minor;
      field.placeholder = write(minor, "", places).trim();
    });
    const over = rest < 0n;
    out.textContent = (over ? out.dataset.over : out.dataset.text).replace("{taken}", write(taken, currency, places)).replace("{rest}", write(over ? -rest : rest, currency, places));
    out.classList.toggle("late", over);
  };

  const boxes = all("[data-picking]", document);
  for (const box of boxes) {
    box.addEventListener("input", ({ target }) => {
      if (target.matches("[data-pick-amount]") && target.value.trim()) target.closest("tr").querySelector("[data-pick]").checked = true;
      const ticked = box.closest("form").querySelector('[type="radio"][name="how"][value="ticked"]');
      if (ticked && box.querySelector("[data-pick]:checked")) ticked.checked = true;
      recount(box);
    });
    const source = box.dataset.amountField && document.querySelector(`[name="${box.dataset.amountField}"]`);
    source?.addEventListener("input", () => recount(box));
  }

  /* Up and down: from line to line on the left (as j and k), from tick to tick on the right. s leads to setting aside. */
  const screen = document.querySelector("[data-matching]");
  /* Who chose a line goes on in its documents; after a line is done the next one in the list has the focus. */
  if (screen && new URLSearchParams(location.search).has("line") && !document.querySelector(".form-errors")) {
    const place = (location.hash === "#chosen" && screen.querySelector("[data-pick]")) || screen.querySelector("tr [aria-current]");
    /* Going to the fragment takes the focus away, so it is given afterwards. */
    const give = () => requestAnimationFrame(() => { if (document.activeElement === document.body) place?.focus({ preventScroll: true }); });
    if (document.readyState === "complete") give(); else addEventListener("load", give);
  }
  screen?.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const ticks = all("[data-pick]", screen);
    const lines = all("[data-rows] > tbody > tr a[href]:first-of-type", screen.firstElementChild);
    const list = event.target.matches("[data-pick]") ? ticks : lines.includes(event.target) ? lines : null;
    if (step && list) { event.preventDefault(); list[Math.min(Math.max(list.indexOf(event.target) + step, 0), list.length - 1)].focus(); }
    if (event.key === "ArrowRight" && list === lines) { event.preventDefault(); ticks[0]?.focus(); }
    if (event.key === "ArrowLeft" && list === ticks) { event.preventDefault(); screen.querySelector("tr [aria-current]")?.focus(); }
  });
  document.addEventListener("keydown", (event) => {
    if (!screen || event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys === "off") return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    const form = screen.querySelector("[data-apply]");
    if (event.key === "Enter" && !event.repeat && form && event.target.matches("[data-pick]")) { event.preventDefault(); form.requestSubmit(form.querySelector("button")); }
    if (event.key === "s") {
      const aside = screen.querySelector("[data-aside]");
      const frame = aside?.closest("details");
      if (frame) { event.preventDefault(); frame.open = true; aside.querySelector("input[name=reason]").focus(); }
    }
  });
})();
