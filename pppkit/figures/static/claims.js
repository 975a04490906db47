// Cards of pppkit.figures.claim_cards: menus that keep what has a verdict, a paper, an evidence. Without this file all show.
(function () {
  "use strict";
  if (window.pppkitClaims) return void window.pppkitClaims();
  var FIELDS = ["verdict", "paper", "evidence"];

  function each(list, act) { Array.prototype.forEach.call(list, act); }

  function menu(cards, field, changed) {
    var label = document.createElement("label"), select = document.createElement("select"), counts = {};
    each(cards, function (card) { counts[card.dataset[field]] = (counts[card.dataset[field]] || 0) + 1; });
    select.add(new Option("any", ""));
    Object.keys(counts).forEach(function (value) { select.add(new Option(value + " (" + counts[value] + ")", value)); });
    select.name = field;
    select.addEventListener("change", changed);
    label.append(field, select);
    return label;
  }

  function equip(box) {
    if (box.dataset.filter) return;
    box.dataset.filter = "ready";
    var cards = box.querySelectorAll(".ppp-claim"), bar = document.createElement("fieldset");
    var count = document.createElement("output");
    function show() {
      var shown = 0;
      each(cards, function (card) {
        var kept = FIELDS.every(function (field) {
          var wanted = bar.querySelector("select[name=" + field + "]").value;
          return !wanted || card.dataset[field] === wanted;
        });
        card.hidden = !kept;
        shown += kept;
      });
      count.textContent = shown + " of " + cards.length + " claims";
    }
    bar.className = "ppp-claims-filter";
    bar.setAttribute("aria-label", "Filter the claims");
    count.setAttribute("aria-live", "polite");
    FIELDS.forEach(function (field) { bar.append(menu(cards, field, show)); });
    bar.append(count);
    box.before(bar);
    show();
  }

  function start() { each(document.querySelectorAll(".ppp-claims"), equip); }

  window.pppkitClaims = start;
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
