// What every part needs: the data, words, the state in the address, and making elements.
// Texts come into the page by textContent alone.

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const data = read("data");
const words = read("words");
const DAY = 86400;
const at = (id) => document.getElementById(id);

// The state that makes up a view. It stands in the address, so that a view can be linked.
const DEFAULTS = {
  view: data.matrix ? "people" : "doors",
  q: "", env: "", kind: "", within: "", source: "", sort: "", risk: "", target: "", who: "", what: "",
  lang: "", theme: "",
};
let state = { ...DEFAULTS };

const readState = () => {
  const asked = new URLSearchParams(location.hash.slice(1));
  state = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS)) {
    if (asked.has(key)) state[key] = asked.get(key);
  }
  const there = { people: data.matrix, ends: data.matrix, doors: data.audit };
  if (!there[state.view]) state.view = DEFAULTS.view;
};

const address = (changes) => {
  const next = { ...state, ...changes };
  const kept = Object.entries(next).filter(([key, value]) => value !== DEFAULTS[key]);
  return "#" + new URLSearchParams(kept);
};

const language = () => {
  const fixed = document.documentElement.dataset.language;
  const asked = [state.lang, fixed, ...navigator.languages].find(Boolean) || "en";
  return asked.toLowerCase().startsWith("zh") ? 1 : 0;
};

// Words in the language of the page. `{0}` is the first of the values; English has one form for
// one and another for more, with `|` between.
const say = (key, ...values) => {
  const texts = words.words[key];
  if (!texts) throw new Error(`no words for ${key}`);
  const forms = texts[language()].split("|");
  const text = forms.length > 1 && values[0] !== 1 ? forms[1] : forms[0];
  return text.replace(/\{(\d)\}/g, (_, place) =>
    typeof values[place] === "number" ? number(values[place]) : values[place]);
};

const number = (value) => value.toLocaleString(language() ? "zh-CN" : "en-US");

// An element with attributes and children; a child that is no element is a text.
const el = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value === undefined || value === null) continue;
    if (name === "click") element.addEventListener("click", value);
    else if (name === "style") Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
  return element;
};

const SHAPES = {
  node: "M2.5 2.5v9h4M2.5 6h4M9 4.5h4.5v3H9zM9 10h4.5v3H9z",
  asset: "M2.5 3h11v7h-11zM6 13h4M8 10v3",
  instance: "M3 4c0-2 10-2 10 0v8c0 2-10 2-10 0zM3 4c0 2 10 2 10 0M3 8c0 2 10 2 10 0",
};

const shape = (kind) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "shape");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[kind]);
  svg.append(path);
  return svg;
};

// Days until something ends, counted from the moment of the page; whole days, rounded up.
const days = (second) => Math.max(0, Math.ceil((second - data.at) / DAY));

// How soon something ends, as a class: the colours of time.
const soon = (second) => {
  if (second === null) return "open";
  const left = days(second);
  return left <= 7 ? "week" : left <= 30 ? "month" : "later";
};

// The time until an end in the fewest signs.
const short = (second) => {
  if (second === null) return "∞";
  const left = days(second);
  return left > 999 ? say("years-short", Math.floor(left / 365)) : say("days-short", left);
};

// The same for people.
const until = (second, text) =>
  second === null ? say("no-end") : say("until", text, say("in-days", days(second)));

// Draws the rows of a list that are in sight, each `height` high, into `space`, which stands
// in the scrolling `box`. Gives a function that draws anew.
const windowed = (box, space, height, count, row) => {
  let from = -1, to = -1;
  const draw = (anew) => {
    const above = space.offsetTop;
    const first = Math.max(0, Math.floor((box.scrollTop - above) / height) - 4);
    const last = Math.min(count(), Math.ceil((box.scrollTop - above + box.clientHeight) / height) + 4);
    if (!anew && first === from && last === to) return;
    [from, to] = [first, last];
    space.style.height = `${count() * height}px`;
    const rows = [];
    for (let place = first; place < last; place += 1) {
      const element = row(place);
      element.style.top = `${place * height}px`;
      rows.push(element);
    }
    space.replaceChildren(...rows);
  };
  box.addEventListener("scroll", () => draw(false), { passive: true });
  return () => draw(true);
};
