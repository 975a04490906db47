// Draws each figure when it nears the viewport and drops 3D ones that leave it: a browser keeps about sixteen WebGL
// contexts, and every 3D scene takes one. Until then a picture of it stands there.
(function (pppkit) {
  "use strict";
  var CONFIG = { displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };

  function read(div) { // parsed anew each time: Plotly writes into what it is given
    return pppkit.chosen(JSON.parse(div.querySelector("script").textContent), div._choice || 0);
  }

  function hostOf(div) {
    var host = div.querySelector(".plotly-host");
    if (host) return host;
    host = document.createElement("div");
    host.className = "plotly-host";
    div.appendChild(host);
    return host;
  }

  function made(div) {
    var figure = read(div), width = div.clientWidth;
    if (div.dataset.scene && !pppkit.webgl()) pppkit.flattened(figure);
    var layout = pppkit.fitted(pppkit.dressed(figure.layout), figure.data, width);
    var bar = { displayModeBar: pppkit.narrow(width) ? false : "hover" }; // on a phone it would lie over the title
    Object.keys(layout).forEach(function (key) { // the view stays when another choice is made
      if (/^scene\d*$/.test(key)) layout[key] = Object.assign({ uirevision: "kept" }, layout[key]);
    });
    div.style.height = (layout.height || 450) + "px";
    div._narrow = pppkit.narrow(width);
    return {
      data: figure.data, layout: layout, frames: figure.frames || [],
      config: Object.assign({}, figure.config, CONFIG, bar)
    };
  }

  function draw(div) {
    if (div._drawn) return;
    div._drawn = true;
    var figure = made(div), host = hostOf(div);
    Plotly.newPlot(host, figure)
      .then(function () {
        div.dataset.plotly = "ready";
        pppkit.playOnce(div, host, figure.layout);
        refit(div);
      })
      .catch(function (error) { div.dataset.plotly = "error"; console.error("plotly", error); });
  }

  function purge(div) {
    Plotly.purge(div.querySelector(".plotly-host"));
    div._drawn = false;
    delete div.dataset.plotly;
  }

  function drop(div) {
    if (div.dataset.plotly !== "ready" || !div.querySelector(".plotly-host canvas")) return;
    pppkit.photograph(div);
    purge(div);
  }

  function redraw(div) {
    if (div.dataset.plotly) purge(div);
    draw(div);
  }

  function refit(div) { // a phone that is turned, a window or a sidebar that opens
    var width = div.clientWidth;
    if (div.dataset.plotly !== "ready" || !width) return;
    if (div._narrow !== pppkit.narrow(width)) redraw(div);
    else if (hostOf(div)._fullLayout.width !== width) Plotly.Plots.resize(hostOf(div));
  }

  function choose(div, index) {
    div._choice = index;
    div.dataset.choice = index;
    div._played = false;
    if (!div._drawn) return;
    var figure = made(div), host = hostOf(div);
    pppkit.stop(host);
    Plotly.react(host, figure).then(function () { pppkit.playOnce(div, host, figure.layout); });
  }

  function start() {
    var figures = Array.prototype.slice.call(document.querySelectorAll(".plotly-offline"));
    var near = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) { (entry.isIntersecting ? draw : drop)(entry.target); });
    }, { rootMargin: "300px" });
    figures.forEach(function (div) {
      if (div.dataset.selector) pppkit.dropdowns(div, function (index) { choose(div, index); });
      pppkit.tame(div);
      if (div.dataset.scene) pppkit.hint(div);
      near.observe(div);
    });
    new MutationObserver(function () {
      figures.filter(function (div) { return div.dataset.plotly === "ready"; }).forEach(redraw);
    }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    var widths = new ResizeObserver(function (entries) {
      entries.forEach(function (entry) { refit(entry.target); });
    });
    figures.forEach(function (div) { widths.observe(div); });
    window.addEventListener("beforeprint", function () { figures.forEach(pppkit.photograph); });
  }

  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})(window.pppkit);
