// What all pages do: the theme, and what a form does when it is sent.

const root = document.documentElement;

const stored = () => {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
};

const show = (theme) => {
  if (theme) {
    root.dataset.theme = theme;
  } else {
    delete root.dataset.theme;
  }
};

show(stored());

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) {
    return;
  }
  const isDark = getComputedStyle(root).colorScheme.includes("dark")
    && (root.dataset.theme === "dark"
      || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches));
  const theme = isDark ? "light" : "dark";
  show(theme);
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // The theme then lasts for this page only.
  }
});

// A form is sent once: its key makes a second one harmless, and the button says that it is sent.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) {
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
  form.setAttribute("aria-busy", "true");
});

// The page may come back from memory, with its forms as they were.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

document.getElementById("refusal")?.focus();
