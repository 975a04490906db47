// Draws each figure when it nears the viewport and drops 3D ones that leave it: a browser keeps about sixteen WebGL
// contexts, and every 3D scene takes one. Figures follow the page's light or dark mode.
(function () {
  "use strict";

  function dark() { return document.documentElement.dataset.theme === "dark"; }

  function themed(figure) {
    var ink = dark() ? "#ced6dd" : "#323a45", grid = dark() ? "#48566b" : "#d5dbe3", panel = dark() ? "#2b3138" : "#ffffff";
    var layout = Object.assign({}, figure.layout);
    layout.font = Object.assign({}, layout.font, { color: ink });
    Object.keys(layout).concat("xaxis", "yaxis", "scene").forEach(function (key) {
      if (/^[xy]axis\d*$/.test(key)) {
        layout[key] = Object.assign({ gridcolor: grid, zerolinecolor: grid, linecolor: grid }, layout[key]);
      } else if (/^scene\d*$/.test(key)) {
        var scene = layout[key] = Object.assign({}, layout[key]);
        ["xaxis", "yaxis", "zaxis"].forEach(function (axis) {
          scene[axis] = Object.assign({ gridcolor: grid, zerolinecolor: grid, color: ink }, scene[axis]);
        });
      }
    });
    (layout.updatemenus || []).forEach(function (menu, i, menus) {
      menus[i] = Object.assign({}, menu, { bgcolor: panel, bordercolor: grid, font: { color: ink, size: 12 } });
    });
    (layout.sliders || []).forEach(function (slider, i, sliders) {
      sliders[i] = Object.assign({}, slider, { bgcolor: grid, bordercolor: grid, font: { color: ink } });
    });
    return layout;
  }

  function draw(div) {
    if (div._drawn) return;
    div._drawn = true;
    // Parsed anew each time: Plotly writes into what it is given.
    var figure = JSON.parse(div.querySelector("script").textContent);
    var host = div.querySelector(".plotly-host");
    if (!host) {
      host = document.createElement("div");
      host.className = "plotly-host";
      host.style.height = "100%";
      div.appendChild(host);
    }
    var config = { responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "", displayModeBar: "hover" };
    Plotly.newPlot(host, { data: figure.data, layout: themed(figure), frames: figure.frames || [], config: Object.assign({}, figure.config, config) })
      .then(function () { div.dataset.plotly = "ready"; })
      .catch(function (error) { div.dataset.plotly = "error"; console.error("plotly", error); });
  }

  function drop(div) {
    var host = div.querySelector(".plotly-host");
    if (!div._drawn || div.dataset.plotly !== "ready" || !host.querySelector("canvas")) return;
    Plotly.purge(host);
    div._drawn = false;
    delete div.dataset.plotly;
  }

  function start() {
    var figures = Array.prototype.slice.call(document.querySelectorAll(".plotly-offline"));
    var near = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) { (entry.isIntersecting ? draw : drop)(entry.target); });
    }, { rootMargin: "300px" });
    figures.forEach(function (div) { near.observe(div); });
    new MutationObserver(function () {
      figures.filter(function (div) { return div.dataset.plotly === "ready"; }).forEach(function (div) {
        Plotly.purge(div.querySelector(".plotly-host"));
        div._drawn = false;
        delete div.dataset.plotly;
        draw(div);
      });
    }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
