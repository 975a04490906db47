// Dropdowns above a figure of pppkit.figures.selector: which of its choices is shown.
window.pppkit = window.pppkit || {};
(function (pppkit) {
  "use strict";

  // A figure with one of its choices made: its traces visible, its layout in place.
  pppkit.chosen = function (figure, index) {
    var selector = (figure.layout.meta || {}).selector;
    if (!selector) return figure;
    var choice = selector.choices[index], end = choice.start + choice.visible.length;
    figure.data.forEach(function (trace, i) {
      trace.visible = i >= choice.start && i < end ? choice.visible[i - choice.start] : false;
    });
    Object.keys(choice.layout).forEach(function (key) {
      var menu = /^updatemenus\[(\d+)\]$/.exec(key), value = choice.layout[key];
      if (menu) figure.layout.updatemenus[menu[1]] = value;
      else if (value === null) delete figure.layout[key];
      else figure.layout[key] = value;
    });
    return figure;
  };

  // The choice that has this value there, and otherwise as much as it can of what is chosen now.
  function nearest(keys, now, part, value) {
    var best = -1, most = -1;
    keys.forEach(function (key, i) {
      if (key[part] !== value) return;
      var same = key.filter(function (v, j) { return v === now[j]; }).length;
      if (same > most) { most = same; best = i; }
    });
    return best;
  }

  // Writes the dropdowns before a figure; calls back with the index of what is chosen.
  pppkit.dropdowns = function (div, callback) {
    var selector = JSON.parse(div.dataset.selector), keys = selector.keys, now = keys[0];
    var line = document.createElement("div"), boxes = [];
    line.className = "plotly-choices";

    function refresh() {
      boxes.forEach(function (box, part) {
        box.value = now[part];
        Array.prototype.forEach.call(box.options, function (option) {
          option.className = keys.some(function (key) {
            return key[part] === option.value && key.every(function (v, j) { return j === part || v === now[j]; });
          }) ? "" : "elsewhere"; // choosing it changes the other dropdowns too
        });
      });
    }

    selector.names.forEach(function (name, part) {
      var label = document.createElement("label"), box = document.createElement("select");
      var values = Array.from(new Set(keys.map(function (key) { return key[part]; })));
      values.forEach(function (value) { box.add(new Option(value, value)); });
      box.addEventListener("change", function () {
        var index = nearest(keys, now, part, box.value);
        now = keys[index];
        refresh();
        callback(index);
      });
      label.append(name, box);
      label.hidden = values.length < 2;
      line.appendChild(label);
      boxes.push(box);
    });
    refresh();
    div.parentNode.insertBefore(line, div);
  };
})(window.pppkit);
