"use strict";
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const scheme = document.getElementById("scheme");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Colours: the system's choice until the button is pressed; nothing is stored.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.scheme || (system.matches ? "dark" : "light")) === "dark";
  const tell = () => scheme.setAttribute("aria-pressed", String(isDark()));
  scheme.hidden = false;
  scheme.addEventListener("click", () => {
    document.documentElement.dataset.scheme = isDark() ? "light" : "dark";
    tell();
  });
  system.addEventListener("change", tell);
  tell();

  // Filters. Suppressed results are apart, and stay.
  const results = all("main article.result:not([data-suppressed])").map((element) => ({
    element,
    data: element.dataset,
    text: "",
  }));
  const boxes = all("input[type=checkbox]", form);
  const words = document.getElementById("words");
  const folder = document.getElementById("folder");
  const holders = all(".rest, .group, .fold:not(#suppressed)").map((element) => ({
    element,
    items: all("article.result", element),
    count: element.querySelector(":scope > .grouphead .count, :scope > summary > .number"),
    more: element.classList.contains("rest") ? element.querySelector("summary") : null,
  })).filter((holder) => holder.items.length && !holder.element.closest("#suppressed"));
  const opened = new Set();

  const apply = () => {
    const chosen = {};
    for (const box of boxes) if (box.checked) (chosen[box.name] ??= new Set()).add(box.value);
    const wanted = Object.entries(chosen);
    const below = folder ? folder.value : "";
    const asked = words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const narrowed = wanted.length > 0 || below !== "" || asked.length > 0;
    let number = 0;
    for (const result of results) {
      const data = result.data;
      let fits = wanted.every(([name, values]) => values.has(data[name]));
      if (fits && below) fits = data.folder === below || (below !== "." && data.folder.startsWith(below + "/"));
      if (fits && asked.length) {
        result.text ||= (data.check + " " + result.element.textContent).toLowerCase();
        fits = asked.every((word) => result.text.includes(word));
      }
      if (result.element.hidden === fits) result.element.hidden = !fits;
      if (fits) number++;
    }
    for (const { element, items, count, more } of holders) {
      const left = items.filter((item) => !item.hidden).length;
      element.hidden = left === 0;
      if (count) count.textContent = count.dataset.noun ? `${left} ${count.dataset.noun}${left === 1 ? "" : "s"}` : String(left);
      if (more) more.textContent = `${left} more`;
      if (element.tagName !== "DETAILS") continue;
      if (narrowed && left && !element.open) {
        element.open = true;
        opened.add(element);
      } else if (!narrowed && opened.delete(element)) {
        element.open = false;
      }
    }
    for (const title of all(".between")) {
      let next = title.nextElementSibling;
      while (next && next.matches(".group") && next.hidden) next = next.nextElementSibling;
      title.hidden = !next || !next.matches(".group");
    }
    shown.textContent = narrowed ? `${number} of ${results.length} results` : `${results.length} results`;
  };

  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  };
  form.addEventListener("change", apply);
  form.addEventListener("input", soon);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  form.hidden = results.length < 2;
  if (matchMedia("(width < 68rem)").matches) form.querySelector("details").open = false;

  // Pictures: larger, in a dialog.
  for (const image of all(".pictures img")) {
    const button = document.createElement("button");
    button.type = "button";
    image.replaceWith(button);
    button.append(image);
    button.addEventListener("click", () => {
      const dialog = document.createElement("dialog");
      const close = document.createElement("button");
      close.type = "button";
      close.textContent = "Close";
      close.addEventListener("click", () => dialog.close());
      dialog.setAttribute("aria-label", image.alt);
      dialog.append(close, image.cloneNode());
      dialog.addEventListener("close", () => dialog.remove());
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  // Paper shows everything that is folded.
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = all("main details:not([open])");
    for (const each of unfolded) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of unfolded) each.open = false;
  });
})();
