// Long tables of pppkit.figures.table: a field to search in, and heads that sort.
(function () {
  "use strict";
  if (window.pppkitTables) return void window.pppkitTables();

  // Where each cell of a head stands, counting what spans several columns or rows.
  function places(head) {
    var taken = [], found = [];
    Array.prototype.forEach.call(head.rows, function (row, r) {
      var column = 0;
      Array.prototype.forEach.call(row.cells, function (cell) {
        while (taken[r] && taken[r][column]) column++;
        found.push({ cell: cell, column: column });
        for (var y = r; y < r + cell.rowSpan; y++) {
          taken[y] = taken[y] || [];
          for (var x = column; x < column + cell.colSpan; x++) taken[y][x] = true;
        }
        column += cell.colSpan;
      });
    });
    return found;
  }

  function number(text) {
    var match = /^\s*([-+\u2212]?[\d.][\d.,\u202f ]*(?:e[-+]?\d+)?)/i.exec(text);
    return match ? parseFloat(match[1].replace(/[,\u202f ]/g, "").replace("\u2212", "-")) : NaN;
  }

  function compare(a, b) {
    var x = number(a), y = number(b);
    if (!isNaN(x) && !isNaN(y)) return x - y || a.localeCompare(b);
    if (isNaN(x) !== isNaN(y)) return isNaN(x) ? 1 : -1;
    return a.localeCompare(b, undefined, { numeric: true });
  }

  function sort(table, place, all) {
    var down = place.cell.getAttribute("aria-sort") === "ascending", body = table.tBodies[0];
    all.forEach(function (other) { other.cell.removeAttribute("aria-sort"); });
    place.cell.setAttribute("aria-sort", down ? "descending" : "ascending");
    var rows = Array.prototype.map.call(body.rows, function (row) {
      return { row: row, text: row.cells[place.column].textContent.trim() };
    });
    rows.sort(function (a, b) {
      if (!a.text || !b.text) return !a.text - !b.text; // what is missing stays last
      return (down ? -1 : 1) * compare(a.text, b.text);
    });
    rows.forEach(function (entry) { body.appendChild(entry.row); });
  }

  function sortable(table) {
    var all = places(table.tHead);
    all.forEach(function (place) {
      var cell = place.cell;
      if (cell.colSpan > 1 || !cell.textContent.trim()) return;
      var button = document.createElement("button");
      button.type = "button";
      button.title = "Sort by this column";
      while (cell.firstChild) button.appendChild(cell.firstChild);
      cell.appendChild(button);
      button.addEventListener("click", function () { sort(table, place, all); });
    });
  }

  function searchable(div, table) {
    var line = document.createElement("div"), label = document.createElement("label");
    var field = document.createElement("input"), count = document.createElement("span");
    line.className = "ppp-find";
    field.type = "search";
    field.placeholder = "words in a row";
    count.setAttribute("aria-live", "polite");
    label.append("Search ", field);
    line.append(label, count);
    function find() {
      var words = field.value.toLowerCase().split(/\s+/).filter(Boolean), seen = 0, rows = table.tBodies[0].rows;
      Array.prototype.forEach.call(rows, function (row) {
        var cells = Array.prototype.map.call(row.cells, function (cell) { return cell.textContent; });
        var text = cells.join(" ").toLowerCase();
        row.hidden = !words.every(function (word) { return text.includes(word); });
        seen += !row.hidden;
      });
      count.textContent = seen === rows.length ? seen + " rows" : seen + " of " + rows.length + " rows";
    }
    field.addEventListener("input", find);
    find();
    div.insertBefore(line, div.querySelector(".ppp-scroll"));
  }

  window.pppkitTables = function () {
    document.querySelectorAll(".ppp-table[data-rows]:not([data-ready])").forEach(function (div) {
      div.dataset.ready = "yes";
      var table = div.querySelector("table");
      sortable(table);
      searchable(div, table);
    });
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", window.pppkitTables);
  else window.pppkitTables();
  window.setTimeout(window.pppkitTables, 300); // JupyterLab puts an output into the page after its script
})();
