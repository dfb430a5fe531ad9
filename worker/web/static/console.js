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

  // The hours of the week in the reader's zone, if that differs from UTC by whole hours.
  function localWeek(table) {
    const minutes = -new Date().getTimezoneOffset();
    if (minutes % 60) return;
    const cells = Array.from(table.querySelectorAll("td"));
    const shown = cells.map((cell) => [cell.className, cell.title, cell.textContent]);
    const moved = shown.length + minutes / 60;
    shown.forEach(function (values, hour) {
      const cell = cells[(hour + moved) % shown.length];
      [cell.className, cell.title, cell.textContent] = values;
    });
    for (const zone of document.querySelectorAll("[data-zone]")) zone.textContent = "your time zone";
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

  // A part of a page that asks for its content anew while the tab is visible. An ETag saves sending
  // what is shown already. When the server is away, the page says so and goes on asking.
  const LIVE_MS = 5000, ANSWER_MS = 15000;
  function live(part) {
    const problem = document.getElementById("live-problem");
    let tag = "", timer = 0, running = false, since = null;
    function again() {
      clearTimeout(timer);
      if (document.visibilityState === "visible") timer = setTimeout(ask, LIVE_MS);
    }
    function failed(why) {
      since = since || new Date();
      problem.textContent = why + " since " + format.format(since) +
        ". This page shows what was known before, and goes on by itself.";
      problem.hidden = false;
    }
    async function ask() {
      if (running) return;
      running = true;
      try {
        const answer = await fetch(part.dataset.live, {
          headers: tag ? { "If-None-Match": tag, "HX-Request": "true" } : { "HX-Request": "true" },
          cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS),
        });
        if (answer.status === 401) return location.reload();  // the session has ended
        if (answer.status === 200) {
          replaceContent(part, await answer.text());
          tag = answer.headers.get("ETag") || "";
        } else if (answer.status !== 304) {
          return failed("The server can\u2019t answer (" + answer.status + ")");
        }
        since = null;
        problem.hidden = true;
      } catch {
        failed("The server does not answer");
      } finally {
        running = false;
        again();
      }
    }
    document.addEventListener("visibilitychange", function () {
      clearTimeout(timer);
      if (document.visibilityState === "visible") ask();
    });
    again();
  }

  // What was open stays open, what was scrolled stays so, and the focus stays where it was.
  function replaceContent(part, html) {
    const open = Array.from(part.querySelectorAll("details[open][id]"), (each) => each.id);
    const frames = Array.from(part.querySelectorAll(".table-frame"), (each) => [each.scrollLeft, each.scrollTop]);
    const focusable = "a, button, summary, [tabindex]";
    const focused = Array.from(part.querySelectorAll(focusable)).indexOf(document.activeElement);
    const href = focused >= 0 ? document.activeElement.getAttribute("href") : null;
    part.innerHTML = html;
    localTimes(part);
    for (const id of open) {
      const again = document.getElementById(id);
      if (again) again.open = true;
    }
    part.querySelectorAll(".table-frame").forEach(function (each, number) {
      if (frames[number]) [each.scrollLeft, each.scrollTop] = frames[number];
    });
    if (focused >= 0) {
      const all = Array.from(part.querySelectorAll(focusable));
      const same = href ? all.find((each) => each.getAttribute("href") === href) : all[focused];
      if (same) same.focus({ preventScroll: true });
    }
  }

  document.addEventListener("DOMContentLoaded", function () {
    for (const part of document.querySelectorAll("[data-live]")) live(part);
    localTimes(document);
    document.querySelectorAll("table.heat").forEach(localWeek);
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
