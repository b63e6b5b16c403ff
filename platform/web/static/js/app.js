/* What the pages add to HTML: keys, ticked rows, dialogs, dropped files. Nothing here changes state. */
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const typing = (el) => el.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const enhance = (root) => { all("[data-copy][hidden]", root).forEach((el) => { el.hidden = false; }); fit(); };

  /* A table that fits its frame needs no scrolling, so its head may stay in sight and the frame is no tab stop. */
  const fit = () => all(".scroller").forEach((frame) => {
    const fits = frame.firstElementChild.offsetWidth <= frame.clientWidth;
    frame.classList.toggle("fits", fits);
    if (fits) frame.removeAttribute("tabindex"); else frame.tabIndex = 0;
  });
  addEventListener("resize", fit);

  /* Rows: j and k move, Enter opens, x ticks. The place is the focus of the row itself, so it is announced. */
  const rows = () => all("[data-rows] > tbody:not(.group) > tr").filter((row) => row.querySelector("a, [data-tick]"));
  const here = () => document.querySelector("tr.here");
  const move = (step) => {
    const list = rows();
    const at = list.indexOf(here());
    const next = list[Math.min(Math.max(at + step, 0), list.length - 1)];
    if (!next) return;
    here()?.classList.remove("here");
    next.classList.add("here");
    (next.querySelector("a[href]") || next.querySelector("[data-tick]")).focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const open = (row) => { const url = row?.dataset.href || row?.querySelector("a[href]")?.href; if (url) location.assign(url); };

  /* Ticked rows: how many, and how much per currency; BigInt, since sums are minor units. */
  const write = (minor, currency) => {
    const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
    const places = format.resolvedOptions().maximumFractionDigits;
    const digits = (minor < 0n ? -minor : minor).toString().padStart(places + 1, "0");
    const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, ",");
    return `${currency} ${minor < 0n ? "−" : ""}${whole}${places ? "." + digits.slice(-places) : ""}`;
  };
  const count = (scope) => {
    const ticked = all("[data-tick]:checked", scope);
    const sums = new Map();
    for (const { dataset: { minor, currency } } of ticked) if (minor && currency) sums.set(currency, (sums.get(currency) || 0n) + BigInt(minor));
    for (const bar of all("[data-selection]", scope)) {
      const text = bar.querySelector("[data-selection-text]");
      const parts = [text.dataset.some.replace("{n}", ticked.length), ...[...sums].map(([currency, minor]) => write(minor, currency))];
      text.textContent = ticked.length ? parts.join(" · ") : text.dataset.none;
      bar.classList.toggle("on", ticked.length > 0);
    }
    const boxes = all("[data-tick]", scope);
    for (const head of all("[data-tick-all]", scope)) {
      head.checked = boxes.length > 0 && ticked.length === boxes.length;
      head.indeterminate = ticked.length > 0 && ticked.length < boxes.length;
    }
  };
  const scopeOf = (el) => el.closest("form") || el.closest(".card") || document;

  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-tick-all]")) all("[data-tick]", target.closest("table")).forEach((box) => { box.checked = target.checked; });
    if (target.matches("[data-tick], [data-tick-all]")) count(scopeOf(target));
    const drop = target.closest("[data-drop]");
    if (drop && target.files) drop.querySelector("[data-drop-name]").textContent = [...target.files].map((f) => f.name).join(", ");
  });
  document.addEventListener("click", (event) => {
    const el = event.target;
    const opener = el.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog?.showModal && !event.ctrlKey && !event.metaKey) { event.preventDefault(); dialog.showModal(); }
    if (el.matches("dialog[open]")) el.close();
    const copy = el.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => { copy.classList.add("done"); copy.title = copy.dataset.done; });
    const row = el.closest("tr[data-href]");
    if (row && !el.closest("a, button, input, label, select, summary") && !String(getSelection())) open(row);
    all("details.menu[open]").filter((menu) => !menu.contains(el)).forEach((menu) => { menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { const menu = event.target.closest("details.menu[open]"); if (menu) { menu.open = false; menu.querySelector("summary").focus(); } }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]") || document.body.dataset.keys === "off") return;
    const key = { "/": () => document.querySelector("[data-search]")?.select(), "?": () => document.getElementById("help")?.showModal(), j: () => move(1), k: () => move(-1), x: () => here()?.querySelector("[data-tick]")?.click() }[event.key];
    if (key) { event.preventDefault(); key(); }
    if (event.key === "Enter" && event.target.matches("[data-tick]")) { event.preventDefault(); open(event.target.closest("tr")); }
  });
  for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, (event) => event.target.closest?.("[data-drop]")?.classList.toggle("over", kind === "dragover"));

  /* htmx: every request carries the CSRF token, says that it is busy, and the outcome takes the focus. */
  document.addEventListener("htmx:configRequest", ({ detail }) => { detail.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]")?.content || ""; });
  document.addEventListener("htmx:beforeRequest", ({ detail }) => detail.target?.setAttribute("aria-busy", "true"));
  document.addEventListener("htmx:afterRequest", ({ detail }) => detail.target?.removeAttribute("aria-busy"));
  document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => { enhance(elt); count(document); elt.parentElement?.querySelector("[data-focus]")?.focus(); });
  /* A form that waited for its sender to sign in goes back by itself; without script its button does it. */
  document.querySelector("form[data-go-on]")?.requestSubmit();
  enhance(document);
  all("form:has([data-tick])").forEach(count);
  document.querySelector(".form-errors[data-focus]")?.focus();
})();
