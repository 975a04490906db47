// A page scrolls over its figures: the wheel and a finger move the page, Ctrl and the wheel or two fingers the
// figure. A click or a tap into a figure gives it all of them, until the next one elsewhere or Escape.
window.pppkit = window.pppkit || {};
(function (pppkit) {
  "use strict";
  var PLOT = ".gl-container, .draglayer, canvas"; // not sliders, menus and legends
  var STILL = 8; // pixels that a tap may move

  function active(div) { return div.dataset.active === "yes"; }

  function activate(div, on) {
    if (on) div.dataset.active = "yes";
    else delete div.dataset.active;
  }

  function inside(event) { return event.target.closest && event.target.closest(PLOT); }

  pppkit.tame = function (div) {
    var pressed = null, moved = false, capture = { capture: true, passive: false };

    div.addEventListener("wheel", function (event) {
      if (!active(div) && !event.ctrlKey && !event.metaKey) event.stopPropagation(); // the page scrolls
    }, capture);

    div.addEventListener("mousedown", function (event) { pressed = [event.clientX, event.clientY]; }, true);
    div.addEventListener("click", function (event) {
      var still = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < STILL;
      if (still && inside(event)) activate(div, true);
    }, true);

    ["touchstart", "touchmove", "touchend"].forEach(function (type) {
      div.addEventListener(type, function (event) {
        if (!inside(event)) return;
        var touch = event.touches[0];
        if (type === "touchstart") { pressed = [touch.clientX, touch.clientY]; moved = false; }
        if (type === "touchmove") {
          moved = moved || Math.hypot(touch.clientX - pressed[0], touch.clientY - pressed[1]) >= STILL;
        }
        if (active(div)) return;
        if (event.touches.length < 2 && !div._turning) event.stopPropagation(); // the page scrolls
        else if (type === "touchmove") event.preventDefault();
        div._turning = event.touches.length > 1 || (div._turning && event.touches.length > 0);
        if (type === "touchend" && !moved && !event.touches.length) activate(div, true);
      }, capture);
    });
  };

  ["mousedown", "touchstart"].forEach(function (type) {
    document.addEventListener(type, function (event) {
      document.querySelectorAll(".plotly-offline[data-active]").forEach(function (div) {
        if (!div.contains(event.target)) activate(div, false);
      });
    }, { capture: true, passive: true });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") document.querySelectorAll(".plotly-offline[data-active]").forEach(function (div) { activate(div, false); });
  });
})(window.pppkit);
