// A table that is wider than its column scrolls in a frame that the theme puts around it; with a tab stop the keyboard reaches it as well.
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
const watch = () => document.querySelectorAll(".md-typeset__scrollwrap").forEach((frame) => sizes.observe(frame));
new MutationObserver(watch).observe(document.body, { childList: true, subtree: true });
watch();

// The theme opens its search as a dialog without a name.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
