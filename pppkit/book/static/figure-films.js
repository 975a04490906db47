// A film whose slider is named "plays once" (pppkit.figures.emergence) runs when its figure is first seen, and for each
// choice that is made: from its first step to its last, and stays there. Not for readers who want no motion.
window.pppkit = window.pppkit || {};
(function (pppkit) {
  "use strict";
  var NAME = "plays once", STEP = 700; // milliseconds
  var still = window.matchMedia("(prefers-reduced-motion: reduce)");

  function frames(layout) {
    var slider = (layout.sliders || []).filter(function (one) { return one.name === NAME; })[0];
    return slider ? slider.steps.map(function (step) { return step.args[0][0]; }) : [];
  }

  pppkit.stop = function (host) {
    if (host._transitionData) Plotly.animate(host, [null], { mode: "immediate", frame: { duration: 0, redraw: false } });
  };

  pppkit.playOnce = function (div, host, layout) {
    var names = frames(layout);
    if (!names.length || still.matches || div._played) return;
    var seen = new IntersectionObserver(function (entries) {
      if (!entries[entries.length - 1].isIntersecting) return;
      seen.disconnect();
      if (div._played || div.dataset.plotly !== "ready") return;
      div._played = true;
      Plotly.animate(host, names, {
        mode: "immediate", fromcurrent: false, frame: { duration: STEP, redraw: true }, transition: { duration: 0 }
      }).catch(function () {}); // stopped by a choice, or purged
    }, { threshold: 0.6 });
    seen.observe(div);
  };
})(window.pppkit);
