// Puts the page together, and follows the address.

const go = (changes, replace = true) => {
  const next = address(changes);
  if (replace) history.replaceState(null, "", next);
  else history.pushState(null, "", next);
  update();
};

const VIEWS = ["people", "ends", "doors"];
let last = null;

const build = () => {
  if (data.matrix) {
    buildMatrix();
    buildEnds();
  }
  if (data.audit) buildDoors();
  at("owner").textContent = data.owner;
  at("theme").addEventListener("click", () => go({ theme: isDark() ? "light" : "dark" }));
  for (const button of at("languages").children) {
    button.addEventListener("click", () => go({ lang: button.value }));
  }
  at("q").addEventListener("input", (event) => go({ q: event.target.value }));
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["env", "kind", "within", "source", "sort", "risk", "target"]) {
    at(name).addEventListener("change", (event) => go({ [name]: event.target.value }));
  }
  at("clear").addEventListener("click", () => {
    go({ q: "", env: "", kind: "", within: "", source: "", risk: "", target: "" });
    at("q").focus();
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      at("q").focus();
      at("q").select();
    } else if (event.key === "Escape" && !at("detail").hidden) {
      closeDetail();
    }
  });
  addEventListener("hashchange", update);
  addEventListener("popstate", update);
  addEventListener("beforeprint", drawPaper);
  addEventListener("afterprint", () => at("paper").replaceChildren());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
  if (data.matrix) {
    new ResizeObserver(() => {
      if (view && state.view === "people") drawMatrix(true);
      if (view && state.view === "ends") ends.draw();
    }).observe(at("main"));
  }
};

const isDark = () => state.theme === "dark" || (state.theme === "" && matchMedia("(prefers-color-scheme: dark)").matches);

const update = () => {
  readState();
  const root = document.documentElement;
  const chinese = language() === 1;
  root.lang = chinese ? "zh-CN" : "en";
  root.dataset.theme = isDark() ? "dark" : "light";
  const spoke = `${root.lang}`;
  if (!last || last.spoke !== spoke) speak();
  const asked = JSON.stringify([spoke, state.q, state.env, state.kind, state.within, state.source, state.sort]);
  if (matrix && (!last || last.asked !== asked)) filter();
  const shown = JSON.stringify([asked, state.view, state.risk, state.target]);
  if (!last || last.shown !== shown) showView();
  last = { spoke, asked, shown };
  if (matrix) drawDetail();
};

// Everything that only depends on the language.
const speak = () => {
  const title = data.matrix ? say("title", data.owner) : say("title-audit", data.owner);
  document.title = title;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  at("q").placeholder = say(data.matrix ? "search-for" : "search-doors");
  at("theme").setAttribute("aria-label", say("theme"));
  at("theme").title = say("theme");
  const commit = data.commit ? say("of-commit", data.commit.slice(0, 12)) : say("of-folder");
  at("when").replaceChildren(el("time", { datetime: new Date(data.at * 1000).toISOString() }, say("as-of", data.moment)), " · ", commit);
  const old = Math.floor((Date.now() / 1000 - data.at) / DAY);
  if (old >= 7) at("when").append(" · ", el("strong", { class: "age" }, say("days-old", old)));
  for (const button of at("languages").children) {
    button.setAttribute("aria-pressed", (button.value === "zh") === (language() === 1));
  }
  choices();
};

const choices = () => {
  const fill = (name, options) => {
    at(name).replaceChildren(...options.map(([value, text]) => el("option", { value }, text)));
  };
  const all = ["", say("all")];
  if (matrix) {
    const environments = [...new Set(matrix.targets.map((target) => target.environment))];
    fill("env", [all, ...environments.map((name) => [name, name])]);
    fill("kind", [all, ...[...matrix.kinds].sort().map((name) => [name, name])]);
    fill("within", [all, ...["7", "30", "90"].map((count) => [count, say("within-days", Number(count))]), ["never", say("no-end")], ["later", say("ahead")]]);
    fill("source", [all, ["git", say("source-git")], ["past", say("past-git")]]);
    fill("sort", [["", say("sort-name")], ["end", say("sort-end")], ["most", say("sort-most")]]);
  }
  if (data.audit) {
    fill("risk", [all, ...RISKS.slice(0, 3).map((risk) => [risk, risk === "critical" ? say(risk) : say("or-worse", say(risk))])]);
    fill("target", [all, ...data.audit.targets.map((target) => [target.name, target.name])]);
  }
};

const showView = () => {
  const views = VIEWS.filter((name) => (name === "doors" ? data.audit : data.matrix));
  at("views").hidden = views.length < 2;
  at("views").replaceChildren(...views.map((name) => el("a", {
    href: address({ view: name, who: "", what: "" }), "aria-current": name === state.view && "page",
  }, say(`view-${name}`))));
  for (const name of VIEWS) at(name).hidden = name !== state.view;
  document.body.dataset.view = state.view;
  for (const label of document.querySelectorAll("[data-for]")) {
    label.hidden = !label.dataset.for.split(" ").includes(state.view) || (label.classList.contains("live") && !matrix.live);
  }
  for (const name of ["q", "env", "kind", "within", "source", "sort", "risk", "target"]) {
    if (at(name).value !== state[name]) at(name).value = state[name];
  }
  at("clear").hidden = !["q", "env", "kind", "within", "source", "risk", "target"].some((name) => state[name]);
  drawFacts();
  if (state.view === "people") showMatrix();
  if (state.view === "ends") showEnds();
  if (state.view === "doors") showDoors();
  at("found").textContent = {
    people: () => `${say("count-people", view.rows.length)}${say("comma")}${say("count-targets", view.columns.length)}`,
    ends: () => say("count-requests", ends.list.length),
    doors: () => say("count-doors", doorsFound.length),
  }[state.view]();
};

// The numbers on top, each a link to what it counts.
let counted = null;
const count = () => {
  const holders = new Set(), week = new Set(), month = new Set(), never = new Set();
  const pairs = { week: 0, month: 0, never: 0 };
  for (const block of blocks) {
    if (!block.git) continue;
    for (const person of block.people) holders.add(person);
    const cells = block.people.length * block.wants.length;
    if (WITHIN[7](block)) { week.add(block.request); pairs.week += cells; }
    if (WITHIN[30](block)) { month.add(block.request); pairs.month += cells; }
    if (block.end === null) { never.add(block.request); pairs.never += cells; }
  }
  return { people: holders.size, week: week.size, month: month.size, never: never.size, pairs };
};

const drawFacts = () => {
  const found = [];
  const fact = (value, label, changes, name) => found.push(el("a", { class: `fact ${value ? name || "" : ""}`, href: address({ ...cleared, ...changes }) },
    el("b", null, number(value)), el("span", null, label)));
  const cleared = { q: "", env: "", kind: "", within: "", source: "", risk: "", target: "", who: "", what: "" };
  if (matrix) {
    counted = counted || count();
    fact(counted.people, say("fact-people"), { view: "people" });
    fact(matrix.targets.length, say("fact-targets"), { view: "people" });
    fact(counted.week, say("fact-week"), { view: "ends", within: "7" }, "week");
    fact(counted.month, say("fact-month"), { view: "ends", within: "30" }, "month");
    fact(counted.never, say("fact-never"), { view: "ends", within: "never" }, "open");
    if (matrix.live) fact(matrix.ways.length, say("fact-past"), { view: "people", source: "past" }, "foreign");
  }
  if (data.audit) {
    for (const risk of RISKS) {
      const doors = data.audit.doors.filter((door) => door.risk === risk).length;
      fact(doors, say(`fact-${risk}`), { view: "doors", risk: risk === "low" ? "" : risk }, risk);
    }
  }
  at("facts").replaceChildren(...found);
};

// For paper: the view as a plain table, whole.
const PAPER = 4000;

const drawPaper = () => {
  const tables = { people: paperPeople, ends: paperEnds, doors: () => [...unseenParts(), ...emergencies(), ...doorsFound.map((door) => doorItem(door, true))] };
  const filters = ["q", "env", "kind", "within", "source", "risk", "target"].filter((name) => state[name]).map((name) => state[name]);
  at("paper").replaceChildren(
    el("p", { class: "filters" }, `${say(`view-${state.view}`)}${filters.length ? ` · ${filters.join(" · ")}` : ""} · ${at("found").textContent}`),
    ...tables[state.view]());
};

const table = (keys, rows, more) => [
  el("table", null, el("thead", null, el("tr", null, ...keys.map((key) => el("th", { scope: "col" }, say(key))))),
    el("tbody", null, ...rows.map((cells) => el("tr", null, ...cells.map((cell) => el("td", null, cell)))))),
  more ? el("p", { class: "warning" }, say("paper-more", more)) : undefined,
].filter(Boolean);

const fullName = (person) => (person.name && person.display !== person.name
  ? `${person.display} (${person.name})` : personName(person));

const paperPeople = () => {
  const rows = [];
  let more = 0;
  for (const person of view.rows) {
    const cells = cellsOf(person);
    for (const target of view.columns) {
      const entries = cells.get(target);
      if (!entries) continue;
      if (rows.length >= PAPER) { more += 1; continue; }
      const by = new Set(entries.map(({ block }) => (block.git ? matrix.requests[block.request][0]
        : say("past-git") + (matrix.permissions[block.permission][0] ? `: ${matrix.permissions[block.permission][0]}` : ""))));
      rows.push([fullName(matrix.people[person]), matrix.targets[target].name, spoken(entries), some([...by], 3)]);
    }
  }
  return table(["col-person", "col-target", "col-what", "col-by"], rows, more);
};

const paperEnds = () => {
  const rows = ends.list.slice(0, PAPER).map((block) => {
    const { people, wants } = partsOf(block);
    const [file, reason] = matrix.requests[block.request];
    return [until(block.end, matrix.periods[block.period][3]), `${reason} (${file})`,
      some(people.map((person) => personName(matrix.people[person])), 12),
      some(wants.map((want) => `${matrix.targets[want[0]].name} ${asks(want)}`), 12)];
  });
  return table(["col-end", "col-request", "col-people", "col-targets"], rows, ends.list.length - rows.length);
};

build();
update();
document.documentElement.dataset.drawn = Math.round(performance.now());
