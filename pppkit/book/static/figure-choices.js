// Dropdowns above a figure of pppkit.figures.selector: which of its choices is shown.
window.pppkit = window.pppkit || {};
(function (pppkit) {
  "use strict";

  // A button's or a step's traces, counted from the first of a choice.
  function counted(button, start) {
    var place = { restyle: 1, update: 2 }[button.method || "restyle"], args = button.args;
    if (!args || !args[place]) return button;
    var own = args[place].map(function (i) { return i - start; });
    return Object.assign({}, button, { args: args.slice(0, place).concat([own]) });
  }

  // One of a figure's choices as a figure: its traces, its frames, its layout.
  pppkit.chosen = function (figure, index) {
    var selector = (figure.layout.meta || {}).selector;
    if (!selector) return figure;
    var choice = selector.choices[index], start = choice.start, layout = figure.layout;
    figure.data = figure.data.slice(start, start + choice.visible.length);
    figure.data.forEach(function (trace, i) { trace.visible = choice.visible[i]; });
    figure.frames = (figure.frames || []).filter(function (frame) { return figure.data[frame.traces[0] - start]; });
    figure.frames.forEach(function (frame) { frame.traces = frame.traces.map(function (i) { return i - start; }); });
    Object.keys(choice.layout).forEach(function (key) {
      var menu = /^updatemenus\[(\d+)\]$/.exec(key), value = choice.layout[key];
      if (menu) layout.updatemenus[menu[1]] = value;
      else if (value === null) delete layout[key];
      else layout[key] = value;
    });
    (layout.updatemenus || []).forEach(function (menu) {
      menu.buttons = (menu.buttons || []).map(function (button) { return counted(button, start); });
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
      box.setAttribute("aria-label", name);
      label.append(name, box);
      label.hidden = values.length < 2;
      line.appendChild(label);
      boxes.push(box);
    });
    refresh();
    div.parentNode.insertBefore(line, div);
  };
})(window.pppkit);
