// What ends next: the coming half year by weeks, and every end in its order.

const WEEKS = 26;
const LINE = 46;
const ends = { list: [], draw: null, box: null };

const buildEnds = () => {
  const caption = el("p", { class: "caption", "data-text": "weeks" });
  const bars = el("div", { class: "weeks", role: "group", "data-label": "weeks" });
  const head = el("div", { class: "columns", role: "row" },
    ...["col-end", "col-request", "col-people", "col-targets"].map((key) => el("span", { role: "columnheader", "data-text": key })));
  const rows = el("div", { class: "rows", role: "rowgroup" });
  ends.table = el("div", { class: "table", role: "table", "data-label": "view-ends" }, el("div", { role: "rowgroup", class: "pinned" }, head), rows);
  ends.box = el("div", { class: "scroll", tabindex: "0", "data-label": "view-ends" }, ends.table);
  at("ends").append(caption, bars, ends.box, el("p", { class: "empty", "data-text": "no-ends" }));
  ends.bars = bars;
  ends.draw = windowed(ends.box, rows, LINE, () => ends.list.length, endRow);
};

// One entry for each request and end; those without an end come last.
const listEnds = () => {
  const found = [];
  for (const block of view.shown) if (block.git) found.push(block);
  return found.sort((a, b) => (a.end ?? Infinity) - (b.end ?? Infinity) || a.request - b.request);
};

const showEnds = () => {
  ends.list = listEnds();
  at("ends").classList.toggle("none", !ends.list.length);
  ends.table.setAttribute("aria-rowcount", ends.list.length + 1);
  ends.box.scrollTop = 0;
  drawWeeks();
  ends.draw();
};

// How many pieces of access end in each week: people times targets.
const drawWeeks = () => {
  const counts = new Array(WEEKS).fill(0);
  for (const block of ends.list) {
    if (block.end === null) continue;
    const week = Math.max(0, Math.floor((block.end - 1 - data.at) / DAY / 7));
    if (week < WEEKS) counts[week] += pieces(block);
  }
  const most = Math.max(1, ...counts);
  ends.bars.replaceChildren(...counts.map((count, week) => {
    const start = data.at + week * 7 * DAY;
    const label = say("week-of", dayOf(start), count);
    return el("button", {
      type: "button", class: `week-bar ${week < 1 ? "week" : week < 4 ? "month" : "later"}`, disabled: !count,
      "aria-label": label, title: label, click: () => jump(start),
    },
    el("span", { class: "count" }, count ? number(count) : ""),
    el("span", { class: "bar", style: { height: `${Math.round(64 * (count / most) + (count ? 3 : 0))}px` } }),
    el("span", { class: "day" }, week % 4 === 0 ? dayOf(start).slice(5) : ""));
  }));
};

const pieces = (block) => (state.q || state.env || state.kind
  ? block.people.reduce((sum, person) => sum + view.visible(block, person).length, 0)
  : block.people.length * block.wants.length);

// The day of a moment, by the offset of the page's own moment: that is the zone of the repo.
const dayOf = (second) => {
  const [, sign, hours, minutes] = data.moment.match(/([+-])(\d\d):(\d\d)$/) || ["", "+", "0", "0"];
  const offset = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60;
  return new Date((second + offset) * 1000).toISOString().slice(0, 10);
};

const jump = (start) => {
  const place = ends.list.findIndex((block) => block.end !== null && block.end > start);
  ends.box.scrollTop = Math.max(0, place) * LINE;
  ends.box.focus({ preventScroll: true });
};

// The people and targets of a block that the filters leave.
const partsOf = (block) => {
  const people = [];
  const wants = new Set();
  for (const person of block.people) {
    const some = view.visible(block, person);
    if (some.length) people.push(person);
    for (const want of some) wants.add(want);
  }
  return { people, wants: [...wants] };
};

const some = (names, most) =>
  names.length <= most ? names.join(language() ? "、" : ", ") : say("and-more", names.slice(0, most).join(language() ? "、" : ", "), names.length - most);

// A login or level, and whether policy refuses it.
const asks = (want) => matrix.kinds[want[1]] + (refusal(want) ? ` (${say("refused")})` : "");

const endRow = (place) => {
  const block = ends.list[place];
  const { people, wants } = partsOf(block);
  const [, , fromText, endText] = matrix.periods[block.period];
  const [file, reason] = matrix.requests[block.request];
  const ahead = block.from !== null && block.from > data.at;
  const names = people.map((person) => personName(matrix.people[person]));
  const targets = wants.map((want) => `${nameOf(matrix.targets[want[0]])} ${asks(want)}`);
  return el("div", { class: "row", role: "row", "aria-rowindex": place + 2 },
    el("span", { role: "cell", class: "when" },
      el("span", { class: `pill ${soon(block.end)}` }, el("b", null, block.end === null ? say("no-end") : say("in-days", days(block.end)))),
      el("small", { title: endText }, endText || say("never"))),
    el("span", { role: "cell" }, el("span", { title: reason }, reason),
      el("small", { title: file }, ahead ? `${say("begins", fromText)} · ${file}` : file)),
    el("span", { role: "cell", title: names.join(", ") }, some(names, 3)),
    el("span", { role: "cell", title: targets.join(", ") }, some(targets, 2)));
};
