// Cards of pppkit.figures.claim_cards: menus that keep what has a verdict, a paper, an evidence; of many cards
// the first, and a button for the rest. Without this file, and on paper, all show.
(function () {
  "use strict";
  if (window.pppkitClaims) return void window.pppkitClaims();
  var FIELDS = ["verdict", "paper", "evidence"], FIRST = 30;

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
    var count = document.createElement("output"), more = document.createElement("button"), all = cards.length <= FIRST;
    function show() {
      var shown = 0, wanted = {};
      FIELDS.forEach(function (field) { wanted[field] = bar.querySelector("select[name=" + field + "]").value; });
      var asked = FIELDS.some(function (field) { return wanted[field]; });
      each(cards, function (card, place) {
        card.hidden = !FIELDS.every(function (field) { return !wanted[field] || card.dataset[field] === wanted[field]; });
        var later = !all && !asked && place >= FIRST;
        card.classList.toggle("later", later);
        shown += !card.hidden && !later;
      });
      more.hidden = all || asked;
      count.textContent = shown + " of " + cards.length + " claims";
    }
    more.type = "button";
    more.className = "ppp-claims-more";
    more.textContent = "Show all " + cards.length + " claims";
    more.addEventListener("click", function () {
      all = true;
      show();
      cards[FIRST].querySelector("summary").focus();
    });
    bar.className = "ppp-claims-filter";
    bar.setAttribute("aria-label", "Filter the claims");
    count.setAttribute("aria-live", "polite");
    FIELDS.forEach(function (field) { bar.append(menu(cards, field, show)); });
    bar.append(count);
    box.before(bar);
    box.after(more);
    show();
  }

  function start() { each(document.querySelectorAll(".ppp-claims"), equip); }

  window.pppkitClaims = start;
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
