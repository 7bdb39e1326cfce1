// The page of a payment: the fields in it are Stripe's, and what is typed there goes to Stripe only.

const form = document.getElementById("payment");
const button = form.querySelector("button");
const told = document.getElementById("payment-told");
const AWAY = "Stripe cannot be reached. Load this page again, or choose another way to pay on the page of the order.";

const wait = (waits) => {
  button.disabled = waits;
  form.setAttribute("aria-busy", String(waits));
};

const tell = (words) => {
  told.textContent = words;
};

const begin = () => {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const stripe = window.Stripe(form.dataset.key);
  const elements = stripe.elements({
    clientSecret: form.dataset.secret,
    appearance: { theme: isDark ? "night" : "stripe" },
  });
  const fields = elements.create("payment");
  fields.on("ready", () => wait(false));
  fields.on("loaderror", (event) => {
    form.setAttribute("aria-busy", "false");
    tell(event.error.message ?? AWAY);
  });
  fields.mount("#payment-fields");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    tell("");
    wait(true);
    // Without an error, Stripe leads to the page of the order, or to that of the bank first.
    const { error } = await stripe.confirmPayment({
      elements,
      confirmParams: { return_url: form.dataset.returnUrl },
    });
    tell(error.message ?? AWAY);
    wait(false);
  });
};

if (window.Stripe) {
  begin();
} else {
  form.setAttribute("aria-busy", "false");
  tell(AWAY);
}
