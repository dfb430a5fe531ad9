// Small additions to pages that work without them.
"use strict";

(function () {
  // Times in the reader's zone; the exact value stays in the title.
  const format = new Intl.DateTimeFormat(undefined, {
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
  });
  function localTimes(root) {
    for (const element of root.querySelectorAll("time[datetime]")) {
      const at = new Date(element.dateTime);
      if (!Number.isNaN(at.getTime())) element.textContent = format.format(at);
    }
  }

  // A tag under the pointer or the focus lights up what it was found by.
  function light(event, on) {
    const tag = event.target.closest && event.target.closest(".tag[data-tag]");
    if (!tag) return;
    for (const mark of document.querySelectorAll("mark[data-tags]")) {
      const names = JSON.parse(mark.dataset.tags);
      mark.classList.toggle("lit", on && names.includes(tag.dataset.tag));
    }
  }

  // Parts that follow what happens ask at this event, which comes only while the tab is visible.
  setInterval(function () {
    if (document.visibilityState === "visible") {
      document.body.dispatchEvent(new Event("console-tick"));
    }
  }, 2000);

  document.addEventListener("DOMContentLoaded", function () {
    localTimes(document);
    const here = document.querySelector(".navigation a[aria-current]");
    // On a narrow screen the navigation is one line that scrolls sideways.
    if (here) here.closest("nav").scrollLeft = here.offsetLeft - 24;
    if (window.matchMedia("(min-width: 60rem)").matches) {
      for (const element of document.querySelectorAll("details[data-open-wide]")) element.open = true;
    }
    for (const [name, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
      document.addEventListener(name, (event) => light(event, on));
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => localTimes(event.target));
  document.addEventListener("keydown", function (event) {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      document.getElementById("find").focus();
    }
  });
})();
