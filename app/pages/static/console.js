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
