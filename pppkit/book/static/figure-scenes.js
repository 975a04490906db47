// Scenes of surfaces: what stands for them without WebGL and while they are not drawn, and how a reader gets back.
window.pppkit = window.pppkit || {};
(function (pppkit) {
  "use strict";
  var found; // whether the browser draws in three dimensions

  pppkit.webgl = function () {
    if (found === undefined) {
      var context = document.createElement("canvas").getContext("webgl");
      found = Boolean(context);
      if (context && context.getExtension("WEBGL_lose_context")) context.getExtension("WEBGL_lose_context").loseContext();
    }
    return found;
  };

  function heatmap(trace) {
    if (trace.type !== "surface") return trace;
    var flat = { type: "heatmap", z: trace.z, zmin: trace.cmin, zmax: trace.cmax };
    ["colorscale", "colorbar", "showscale", "visible", "name", "hovertemplate"].forEach(function (key) {
      if (trace[key] !== undefined) flat[key] = trace[key];
    });
    return flat;
  }

  // Surfaces seen from above, as maps: their choices and films work without WebGL too.
  pppkit.flattened = function (figure) {
    var scene = figure.layout.scene || {}, bare = { constrain: "domain", showgrid: false, zeroline: false };
    figure.data = figure.data.map(heatmap);
    (figure.frames || []).forEach(function (frame) { frame.data = frame.data.map(heatmap); });
    figure.layout.xaxis = Object.assign({ title: (scene.xaxis || {}).title }, bare);
    figure.layout.yaxis = Object.assign({ title: (scene.yaxis || {}).title, autorange: "reversed", scaleanchor: "x" }, bare);
    figure.layout.margin = Object.assign({}, figure.layout.margin, { l: 50, b: Math.max((figure.layout.margin || {}).b || 0, 50) });
    figure.layout.updatemenus = (figure.layout.updatemenus || []).map(function (menu) {
      var turns = (menu.buttons || []).some(function (b) { return JSON.stringify(b.args || []).includes("scene.camera"); });
      return turns ? { visible: false } : menu;
    });
    delete figure.layout.scene;
    return figure;
  };

  function scenes(host) {
    return host && host._fullLayout ? host._fullLayout._subplots.gl3d || [] : [];
  }

  // The picture in a figure's place becomes what the figure shows now.
  pppkit.photograph = function (div) {
    var host = div.querySelector(".plotly-host"), image = div.querySelector(".plotly-picture > img");
    if (div.dataset.plotly !== "ready" || !image || scenes(host).length !== 1) return;
    var canvas = host.querySelector(".gl-container canvas"), at = canvas.getBoundingClientRect();
    var frame = div.getBoundingClientRect();
    image.src = host._fullLayout.scene._scene.toImage("webp");
    image.style.cssText = "transform:none;left:" + (at.left - frame.left) + "px;top:" + (at.top - frame.top) + "px;width:" +
      at.width + "px;height:" + at.height + "px";
    div.querySelector(".plotly-picture > p").innerHTML = host._fullLayout.title.text || "";
  };

  // A line under a figure: what turns it, and the way back.
  pppkit.hint = function (div) {
    var line = document.createElement("div"), text = document.createElement("span"), button = document.createElement("button");
    line.className = "plotly-hint";
    text.textContent = !pppkit.webgl() ? "Seen from above: this browser has no WebGL for surfaces." :
      window.matchMedia("(pointer: coarse)").matches ? "Two fingers turn it; after a tap, one does." :
      "Drag to turn; Ctrl and the wheel, or the wheel after a click, zoom.";
    line.appendChild(text);
    if (pppkit.webgl()) line.appendChild(button);
    button.type = "button";
    button.textContent = "Reset view";
    button.addEventListener("click", function () {
      var host = div.querySelector(".plotly-host"), given = JSON.parse(div.querySelector("script").textContent), change = {};
      scenes(host).forEach(function (name) { change[name + ".camera"] = (given.layout[name] || {}).camera; });
      if (scenes(host).length) Plotly.relayout(host, change);
    });
    div.parentNode.insertBefore(line, div.nextSibling);
  };
})(window.pppkit);
