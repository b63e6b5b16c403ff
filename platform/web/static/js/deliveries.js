/* Scanners that type Tab, signatures on glass, photos made small before a slow line. Without it the forms work all the same. */
(() => {
  "use strict";
  const PHOTO_EDGE = 1800;

  /* A scanner types the number and then Enter, which sends the form by itself, or Tab, which leaves the field. */
  const scan = (form) => {
    const field = form.querySelector("[data-scan-field]");
    field.select();
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Tab" || event.shiftKey || !field.value.trim() || field.value === field.defaultValue) return;
      event.preventDefault();
      form.requestSubmit();
    });
    /* A scan while something else has the focus: its Enter must not press a button that ships another note. */
    window.addEventListener("keydown", (event) => {
      if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, textarea, select, dialog")) return;
      event.stopPropagation();
      field.focus();
      field.select();
    }, true);
  };

  const pad = (box) => {
    const canvas = box.querySelector("[data-pad-canvas]"), kept = box.querySelector("[data-pad-strokes]");
    const ink = canvas.getContext("2d");
    let strokes = [], stroke = null;
    try { strokes = JSON.parse(kept.value || "[]"); } catch { strokes = []; }
    const draw = () => {
      ink.clearRect(0, 0, canvas.width, canvas.height);
      ink.strokeStyle = "#1c2321"; ink.lineWidth = 3; ink.lineCap = "round"; ink.lineJoin = "round";
      strokes.forEach((points) => {
        ink.beginPath();
        points.forEach(([x, y], at) => (at ? ink.lineTo(x, y) : ink.moveTo(x, y)));
        ink.stroke();
      });
    };
    const place = (event) => {
      const edge = canvas.getBoundingClientRect();
      return [Math.round((event.clientX - edge.left) * canvas.width / edge.width), Math.round((event.clientY - edge.top) * canvas.height / edge.height)];
    };
    canvas.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      stroke = [place(event)];
      strokes.push(stroke);
    });
    canvas.addEventListener("pointermove", (event) => { if (stroke) { stroke.push(place(event)); draw(); } });
    const end = () => { stroke = null; kept.value = JSON.stringify(strokes); };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    box.querySelector("[data-pad-clear]").addEventListener("click", () => { strokes = []; kept.value = ""; draw(); });
    box.hidden = false;
    draw();
  };

  /* Turned as the phone says (EXIF) and made smaller; what the browser cannot read (HEIC elsewhere) is sent as it is. */
  const photo = (field) => field.addEventListener("change", async () => {
    const file = field.files[0];
    if (!file || !file.type.startsWith("image/") || field.dataset.ready === file.name + file.size) return;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, PHOTO_EDGE / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale); canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
      if (!small) return;
      const sent = new DataTransfer(), name = `${field.dataset.photoName}.jpg`;
      sent.items.add(new File([small], name, { type: "image/jpeg" }));
      field.dataset.ready = name + small.size;
      field.files = sent.files;
    } catch { /* the server says what is wrong with it */ }
  });

  document.querySelectorAll("[data-scan]").forEach(scan);
  document.querySelectorAll("[data-pad]").forEach(pad);
  document.querySelectorAll("[data-photo]").forEach(photo);
})();
