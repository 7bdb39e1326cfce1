// Uploads images of a product, one after the other, and then shows the product once more.

for (const place of document.querySelectorAll("[data-upload]")) {
  const field = place.querySelector("input");
  const status = place.querySelector("[role=status]");
  place.hidden = false;
  field.addEventListener("change", async () => {
    field.disabled = true;
    for (const [number, file] of [...field.files].entries()) {
      status.textContent = `Uploading ${number + 1} of ${field.files.length} …`;
      const answer = await fetch(place.dataset.upload, {
        method: "POST",
        body: file,
        headers: { "Content-Type": file.type, "Form-Token": place.dataset.token },
        redirect: "manual",
      }).catch(() => null);
      if (!answer || (answer.type !== "opaqueredirect" && !answer.ok)) {
        const problem = await answer?.json().catch(() => null);
        status.textContent = `${file.name}: ${problem?.detail ?? "it was not uploaded. Try again."}`;
        field.disabled = false;
        return;
      }
    }
    location.reload();
  });
}

// Counts what is scanned into a parcel: a scanner types a code and presses Enter.

for (const place of document.querySelectorAll("[data-scan]")) {
  const form = place.closest("form");
  const field = place.querySelector("input");
  const counted = place.querySelector("[role=status]");
  const wrong = place.querySelector("[role=alert]");
  const lines = [...form.querySelectorAll("[data-codes]")].map((row) => ({
    codes: row.dataset.codes.split("\n"),
    name: row.querySelector("th").textContent,
    units: row.querySelector("input[type=number]"),
  }));
  const sum = (of) => lines.reduce((whole, line) => whole + Number(of(line)), 0);
  let isCounting = false;
  place.hidden = false;

  const count = (code) => {
    const its = lines.filter((line) => line.codes.includes(code));
    if (its.length === 0) {
      return `${code} does not belong to this order: nothing was counted.`;
    }
    const line = its.find(({ units }) => !isCounting || Number(units.value) < Number(units.max));
    if (!line) {
      return `${its[0].name}: all ${its[0].units.max} are counted, this is one too many.`;
    }
    if (!isCounting) {
      lines.forEach(({ units }) => { units.value = 0; });
      isCounting = true;
    }
    line.units.value = Number(line.units.value) + 1;
    const units = sum(({ units }) => units.value);
    const whole = sum(({ units }) => units.max);
    counted.textContent = `${line.name}: ${line.units.value} of ${line.units.max}. ${units} of ${whole} units are counted.`;
    if (units === whole) {
      form.elements.tracking_number.focus();
    }
    return "";
  };

  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      // It would send the form.
      event.preventDefault();
      const code = field.value.trim();
      field.value = "";
      if (code) {
        wrong.textContent = count(code);
      }
    }
  });
}
