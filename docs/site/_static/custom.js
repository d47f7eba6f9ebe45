// What the theme leaves unsaid to a reader with a screen reader or a keyboard.
document.addEventListener("DOMContentLoaded", () => {
  // The arrow that opens a part of the table of contents
  for (const summary of document.querySelectorAll(".bd-sidebar-primary summary")) {
    const link = summary.closest("li").querySelector("a");
    summary.setAttribute("aria-label", `Pages of ${link.textContent.trim()}`);
  }
  // A name of their own would hide what the search button and a folded cell say.
  for (const element of document.querySelectorAll(".search-button-field, details.hide > summary")) {
    element.removeAttribute("aria-label");
  }
  const sidebar = document.querySelector(".bd-sidebar-primary");
  sidebar?.setAttribute("role", "region");
  sidebar?.setAttribute("aria-label", "The site");
  // Whoever has no mouse scrolls with the arrow keys.
  const scrollable = "pre, div.math, .pst-scrollable-table-container, .py.data > dt";
  for (const element of document.querySelectorAll(scrollable)) {
    element.tabIndex = 0;
  }
});
