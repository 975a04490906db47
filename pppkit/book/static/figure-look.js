// How a figure looks in its place: the page's light or dark colours, and room for titles and panels on a phone.
window.pppkit = window.pppkit || {};
(function (pppkit) {
  "use strict";
  var NARROW = 560, LETTER = 0.56, LINE = 1.3; // pixels; a letter's width and a line's height in font sizes

  function dark() { return document.documentElement.dataset.theme === "dark"; }

  // A layout, or what a choice changes of one, in the page's colours.
  pppkit.themed = function (given) {
    var ink = dark() ? "#ced6dd" : "#323a45", grid = dark() ? "#48566b" : "#d5dbe3";
    var panel = dark() ? "#2b3138" : "#ffffff", layout = Object.assign({}, given);
    function menu(one) {
      return Object.assign({}, one, { bgcolor: panel, bordercolor: grid, font: { color: ink, size: 12 } });
    }
    Object.keys(layout).forEach(function (key) {
      var value = layout[key];
      if (!value) return;
      if (/^[xy]axis\d*$/.test(key)) {
        layout[key] = Object.assign({ gridcolor: grid, zerolinecolor: grid, linecolor: grid }, value);
      } else if (/^scene\d*$/.test(key)) {
        var scene = layout[key] = Object.assign({}, value);
        ["xaxis", "yaxis", "zaxis"].forEach(function (axis) {
          scene[axis] = Object.assign({ gridcolor: grid, zerolinecolor: grid, color: ink }, scene[axis]);
        });
      } else if (key === "updatemenus") {
        layout[key] = value.map(menu);
      } else if (/^updatemenus\[/.test(key)) {
        layout[key] = menu(value);
      } else if (key === "sliders") {
        layout[key] = value.map(function (slider) {
          var look = { bgcolor: grid, bordercolor: grid, activebgcolor: grid, tickcolor: grid };
          var shown = Object.assign({}, slider.currentvalue, { font: { color: ink, size: 14 } });
          return Object.assign({}, slider, look, { font: { color: ink }, currentvalue: shown });
        });
      }
    });
    return layout;
  };

  // The colours of a whole figure.
  pppkit.dressed = function (given) {
    var axes = { xaxis: {}, yaxis: {}, scene: {} }, layout = pppkit.themed(Object.assign(axes, given));
    var ink = dark() ? "#ced6dd" : "#323a45", faint = dark() ? "#8b98a8" : "#8a94a3";
    layout.font = Object.assign({}, layout.font, { color: ink });
    layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: faint, activecolor: ink };
    return layout;
  };

  function wrapped(text, letters) {
    return text.split("<br>").map(function (line) {
      var rows = [""], room = line.includes("<sup>") ? letters * 1.4 : letters; // small letters
      line.split(" ").forEach(function (word) {
        var last = rows[rows.length - 1], plain = (last + " " + word).replace(/<[^>]*>/g, "");
        if (last && plain.length > room) rows.push(word);
        else rows[rows.length - 1] = last ? last + " " + word : word;
      });
      return rows.join("<br>");
    }).join("<br>");
  }

  function lines(text) { return text.split("<br>").length; }

  // Breaks a title that is wider than the figure, with room for its lines.
  function withTitle(layout, width) {
    var title = layout.title, size = title && title.font && title.font.size || 15;
    if (!title || !title.text) return layout;
    var left = width < NARROW ? 0 : (layout.margin || {}).l || 60; // a phone's titles start at the edge
    var text = wrapped(title.text, Math.floor((width - left - 10) / (size * LETTER)));
    var more = (lines(text) - lines(title.text)) * Math.round(size * LINE);
    var margin = Object.assign({}, layout.margin, { t: ((layout.margin || {}).t || 60) + more });
    var place = width < NARROW ? { xref: "container", x: 0 } : {};
    return Object.assign({}, layout, {
      title: Object.assign({}, title, { text: text }, place), margin: margin, height: (layout.height || 450) + more
    });
  }

  // On a phone a legend below has many rows: it gets room of its own at the foot.
  function withLegend(layout, data, width) {
    var legend = layout.legend, margin = layout.margin || {};
    var menus = (layout.updatemenus || []).concat(layout.sliders || []);
    if (width >= NARROW || !legend || !(legend.y < 0) || menus.some(function (menu) { return menu.y < 0; })) return layout;
    var names = data.filter(function (trace) { return trace.name && trace.showlegend !== false && trace.visible !== false; })
      .map(function (trace) { return trace.name.length; });
    var column = 45 + 6.5 * Math.max.apply(null, names.concat(1));
    var rows = Math.ceil(names.length / Math.max(1, Math.floor((width - (margin.l || 60)) / column)));
    var bottom = 60 + 19 * rows, more = Math.max(0, bottom - (margin.b || 50));
    return Object.assign({}, layout, {
      legend: Object.assign({}, legend, { yref: "container", y: 0, yanchor: "bottom" }),
      margin: Object.assign({}, margin, { b: bottom }), height: (layout.height || 450) + more
    });
  }

  // Panels one under the other: `meta.panels` are the numbers of their axes, in reading order.
  function stacked(layout, width) {
    var panels = (layout.meta || {}).panels, changed = Object.assign({}, layout);
    if (!panels || width >= NARROW) return layout;
    var old = layout.margin || {}, frame = (old.t || 60) + (old.b || 50), rows = Math.ceil(panels.length / 2);
    var inner = ((layout.height || 450) - frame) * panels.length / rows, gap = Math.min(0.3 / panels.length, 52 / inner);
    var tall = (1 - gap * (panels.length - 1)) / panels.length;
    changed.annotations = (layout.annotations || []).slice();
    panels.forEach(function (number, i) {
      var suffix = number > 1 ? number : "", top = 1 - i * (tall + gap);
      changed["xaxis" + suffix] = Object.assign({}, layout["xaxis" + suffix], { domain: [0, 1] });
      changed["yaxis" + suffix] = Object.assign({}, layout["yaxis" + suffix], { domain: [Math.max(0, top - tall), top] });
      if (changed.annotations[i]) changed.annotations[i] = Object.assign({}, changed.annotations[i], { x: 0.5, y: top });
    });
    var scale = (layout.height - frame) / inner;
    ["updatemenus", "sliders"].forEach(function (kind) { // their places are shares of the height
      if (changed[kind]) changed[kind] = changed[kind].map(function (one) {
        return one.y < 0 ? Object.assign({}, one, { y: one.y * scale }) : one;
      });
    });
    if (layout.legend && layout.legend.y < 0) changed.legend = Object.assign({}, layout.legend, { y: layout.legend.y * scale });
    changed.height = inner + frame;
    return changed;
  }

  // Maps side by side, `meta.grid` rows and columns of them, no higher than they are wide.
  function lowered(layout, width) {
    var grid = (layout.meta || {}).grid, margin = layout.margin || {}, changed = Object.assign({}, layout);
    if (!grid || width >= NARROW) return layout;
    var frame = (margin.t || 60) + (margin.b || 50), side = (width - (margin.l || 60) - (margin.r || 20)) / grid[1];
    changed.height = Math.min(layout.height, frame + grid[0] * (side + 12));
    var row = (changed.height - frame) / grid[0];
    Object.keys(changed).forEach(function (key) { // names of rows, upright beside them
      var title = /^yaxis/.test(key) && changed[key].title;
      if (!title || !title.text) return;
      var text = { text: wrapped(title.text, Math.floor(row / 5.5)), font: { size: 10 } };
      changed[key] = Object.assign({}, changed[key], { title: Object.assign({}, title, text) });
    });
    return changed;
  }

  // A layout for a figure of that width.
  pppkit.fitted = function (layout, data, width) {
    return withTitle(withLegend(lowered(stacked(layout, width), width), data, width), width);
  };
  pppkit.narrow = function (width) { return width < NARROW; };
})(window.pppkit);
